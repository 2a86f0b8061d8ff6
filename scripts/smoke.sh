#!/usr/bin/env bash
# Every group of endpoints against a running server: each step is printed, and the first thing that
# is not as promised ends it with what was expected and what came (exit 1).
#
#   make run                                    # in one terminal
#   scripts/smoke.sh                            # in another; BASE_URL=http://host:port for elsewhere
#   ADMIN_EMAIL=… ADMIN_PASSWORD=… scripts/smoke.sh      # the administrator's endpoints as well
#
# Needs bash, curl and python3 (which only reads JSON). It makes its own people and can be run again
# and again. A server without the sandbox (production) is only asked what changes nothing.

set -euo pipefail

BASE_URL=${BASE_URL:-http://localhost:8000}
BASE_URL=${BASE_URL%/}
ADMIN_EMAIL=${ADMIN_EMAIL:-}
ADMIN_PASSWORD=${ADMIN_PASSWORD:-}
PATIENCE_SECONDS=${PATIENCE_SECONDS:-60}  # how long something may take to arrive

# Itself, not the stand-in of a version manager, which takes ten times as long to start.
PYTHON=$(python3 -c 'import sys; print(sys.executable)') || { echo "python3 is missing" >&2; exit 1; }

RUN="$(date +%s)$RANDOM"                  # no two runs share an account
DIGITS=$(printf '%08d' $((RUN % 100000000)))
WORKER_PHONE="+9197$DIGITS"
OWNER_PHONE="+9198$DIGITS"                # of somebody who has no account, and only writes
PASSWORD="smoke $RUN passphrase"
# Runs would else share the limits of one address; a server believes this of its own machine only.
ADDRESS="10.$((RANDOM % 256)).$((RANDOM % 256)).$((RANDOM % 254 + 1))"
# A place in the desert, where other runs and the demonstration have nobody near.
LATITUDE="26.$((RANDOM % 9000 + 1000))"
LONGITUDE="70.$((RANDOM % 9000 + 1000))"

TOKEN=""       # whose request it is; empty is nobody
STATUS=""
BODY=""
LINES_OF_ANSWER=""  # the last answer, laid out by read_answer
ASKED=""       # the last request, for the message when something fails
STEP="start"
COUNT=0

fail() {
  printf '\nFAILED at: %s\n  asked:    %s\n  expected: %s\n  got:      %s\n' \
    "$STEP" "$ASKED" "$1" "$2" >&2
  exit 1
}

step() {
  STEP=$1
  COUNT=$((COUNT + 1))
  printf '%3d  %s\n' "$COUNT" "$STEP"
}

# ask METHOD PATH [JSON] [curl options]: send a request as TOKEN; sets STATUS and BODY.
ask() {
  local method=$1 path=$2 json=${3:-} answer
  shift 2; [ $# -gt 0 ] && shift
  ASKED="$method $BASE_URL$path${json:+ $json}"
  local options=(--silent --show-error --max-time 60 --request "$method"
    --header "X-Forwarded-For: $ADDRESS" --write-out '\n%{http_code}')
  [ -n "$TOKEN" ] && options+=(--header "Authorization: Bearer $TOKEN")
  [ -n "$json" ] && options+=(--header "Content-Type: application/json" --data-binary "$json")
  answer=$(curl "${options[@]}" "$@" "$BASE_URL$path" 2>&1) ||
    fail "an answer" "${answer%$'\n'*}: is the server running? (make run)"
  STATUS=${answer##*$'\n'}
  BODY=${answer%$'\n'*}
  LINES_OF_ANSWER=""
}

# expect STATUS METHOD PATH [JSON] [curl options]: the same, and it must answer with that status.
expect() {
  local wanted=$1
  shift
  ask "$@"
  [ "$STATUS" = "$wanted" ] || fail "$wanted" "$STATUS $BODY"
}

# read_answer: lay the last answer out as lines, "dotted.path=value" ("items.0.id=…"), once.
read_answer() {
  [ -n "$LINES_OF_ANSWER" ] && return
  LINES_OF_ANSWER=$("$PYTHON" -IS -c '
import json, sys
def lay(path, found):
    text = found if isinstance(found, str) else json.dumps(found)
    print(path, text.replace("\n", " "), sep="=")
    pairs = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for name, part in pairs:
        lay(f"{path}.{name}" if path else str(name), part)
lay("", json.load(sys.stdin))' <<<"$BODY" 2>/dev/null) || fail "JSON" "$BODY"
}

# value PATH: the part of the last answer at a dotted path; nothing if it isn't there.
value() {
  read_answer
  local marker=$'\n'"$1=" rest
  case $'\n'$LINES_OF_ANSWER in
    *"$marker"*) rest=$'\n'$LINES_OF_ANSWER; rest=${rest#*"$marker"}; printf '%s' "${rest%%$'\n'*}" ;;
  esac
}

# is PATH VALUE: that part of the last answer must be just this.
is() {
  read_answer
  local found
  found=$(value "$1")
  [ "$found" = "$2" ] || fail "$1 = $2" "$1 = $found in $BODY"
}

# has PATH: that part of the last answer must be there, and not null.
has() {
  read_answer
  case $(value "$1") in "" | null | "[]") fail "$1 to be there" "$BODY" ;; esac
}

# holds TEXT: the last answer must hold this text; lacks TEXT: it must not.
holds() { case $BODY in *"$1"*) ;; *) fail "an answer with $1" "$BODY" ;; esac; }
lacks() { case $BODY in *"$1"*) fail "an answer without $1" "$BODY" ;; esac; }

# refused STATUS CODE METHOD PATH [JSON]: it must be refused with this status and stable code.
refused() {
  local status=$1 code=$2
  shift 2
  expect "$status" "$@"
  is code "$code"
  is status "$status"
  has request_id
}

# soon COMMAND …: repeat until it succeeds; fail if it doesn't within PATIENCE_SECONDS.
soon() {
  local what=$1 until=$((SECONDS + PATIENCE_SECONDS))
  shift
  while ! "$@"; do
    [ "$SECONDS" -lt "$until" ] || fail "$what within $PATIENCE_SECONDS s" "$STATUS $BODY"
    sleep 0.5
  done
}

# received PATTERN [PHONE]: whether a phone, the worker's where none is named, got a message with this (extended
# regular expression); FOUND is what matched, in the last such message.
FOUND=""
received() {
  local token=$TOKEN phone=${2:-$WORKER_PHONE}
  TOKEN=""
  expect 200 GET "/sandbox/whatsapp/_control/messages?phone=%2B${phone#+}"
  TOKEN=$token
  FOUND=$(printf '%s' "$BODY" | grep -oE -- "$1" | tail -n 1) || return 1
}

# sign_in JSON: sign in and speak as that account from now on.
sign_in() {
  TOKEN=""
  expect 200 POST /api/auth/login "$1"
  is token_type bearer
  TOKEN=$(value access_token)
}

# --- The server itself ---------------------------------------------------------------------------

step "The server is up"
expect 200 GET /health
is status ok
expect 200 GET /health/ready
is database ok

step "The root says what this is, to a program and to a browser"
expect 200 GET /
is name Partimer
SANDBOX=$(value links.sandbox)
expect 200 GET / "" --header "Accept: text/html"
holds "<html"
expect 200 GET /openapi.json
holds '"paths"'

step "The catalogue knows skills, kinds of work and places"
expect 200 GET "/api/catalogue/skills?q=waiter"
has items.0.slug
SKILL=$(value items.0.slug)
expect 200 GET /api/catalogue/categories
has items.0.name
expect 200 GET "/api/catalogue/places?q=400050"
is items.0.pin 400050

step "Nobody is let in without a token, or with a made-up one"
for path in /api/auth/me /api/workers/profile /api/employers/jobs /api/admin/stats; do
  ask GET "$path"
  [ "$STATUS" = 401 ] || fail 401 "$STATUS $BODY"
done
TOKEN=made-up
ask GET /api/auth/me
[ "$STATUS" = 401 ] || fail 401 "$STATUS $BODY"
TOKEN=""
refused 401 invalid_credentials POST /api/auth/login \
  '{"role": "employer", "email": "nobody@example.com", "password": "not the password"}'

step "Nonsense is refused, and told where it is wrong"
refused 422 invalid POST /api/auth/register/employer '{"email": "a@example.com", "role": "admin"}'
has errors.0.field
ask GET /no/such/page
[ "$STATUS" = 404 ] || fail 404 "$STATUS $BODY"

step "Webhooks without a right signature are refused"
for provider in whatsapp stripe; do
  ask POST "/api/webhooks/$provider" '{"made": "up"}'
  case $STATUS in 401 | 503) ;; *) fail "401 (503 where $provider is not configured)" "$STATUS $BODY" ;; esac
done
ask POST /api/webhooks/whatsapp '{"made": "up"}' --header "X-Hub-Signature-256: sha256=$(printf '0%.0s' {1..64})"
case $STATUS in 401 | 503) ;; *) fail "401 (503 where WhatsApp is not configured)" "$STATUS $BODY" ;; esac
ask GET "/api/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=7"
case $STATUS in 403 | 503) ;; *) fail "403 (503 where WhatsApp is not configured)" "$STATUS $BODY" ;; esac

if [ -z "$SANDBOX" ]; then
  printf '\nAll %d steps hold. This server has no sandbox: what would make accounts, send messages or\nmove money was left out.\n' "$COUNT"
  exit 0
fi

# --- A worker ------------------------------------------------------------------------------------

step "A worker registers by phone ($WORKER_PHONE), and gets a code by WhatsApp"
WORKER=$(printf '{"name": "Asha Kulkarni", "phone": "%s", "consent": true, "skills": ["%s"], "experience_years": 3, "max_distance_km": 10, "location": {"latitude": %s, "longitude": %s}}' \
  "$WORKER_PHONE" "$SKILL" "$LATITUDE" "$LONGITUDE")
refused 422 invalid POST /api/auth/register/worker "${WORKER/true/false}"
expect 202 POST /api/auth/register/worker "$WORKER"
is status verification_sent
is expires_in 300
soon "a code" received '\b[0-9]{6}\b'
CODE=$FOUND

step "A phone nobody knows gets the same answer, and no message"
expect 202 POST /api/auth/otp "{\"phone\": \"+9196$DIGITS\"}"
is status verification_sent
expect 200 GET "/sandbox/whatsapp/_control/messages?phone=%2B9196$DIGITS"
is items "[]"

step "The code proves the phone; a second time it is worth nothing"
LOGIN="{\"role\": \"worker\", \"phone\": \"$WORKER_PHONE\", \"code\": \"$CODE\"}"
sign_in "$LOGIN"
WORKER_TOKEN=$TOKEN
WORKER_ID=$(value user.id)
is user.status active
TOKEN=""
refused 401 invalid_credentials POST /api/auth/login "$LOGIN"

step "The worker reads and changes the profile"
TOKEN=$WORKER_TOKEN
expect 200 GET /api/auth/me
is role worker
is phone "$WORKER_PHONE"
expect 200 PUT /api/workers/profile '{"bio": "Serves at the table.", "quiet_hours": null}'
is bio "Serves at the table."
expect 200 GET /api/workers/profile
is name "Asha Kulkarni"
is experience_years 3
refused 422 invalid PUT /api/workers/profile '{"verified": true}'

step "The worker says when, a week long; what overlaps is refused"
for day in monday tuesday wednesday thursday friday saturday sunday; do
  expect 201 POST /api/workers/availability "{\"weekday\": \"$day\", \"start\": \"08:00\", \"end\": \"20:00\"}"
done
refused 409 slot_overlap POST /api/workers/availability '{"weekday": "monday", "start": "19:00", "end": "23:00"}'
refused 422 invalid POST /api/workers/availability '{"weekday": "monday", "start": "21:00", "end": "21:00"}'
expect 201 POST /api/workers/availability '{"weekday": "monday", "start": "22:00", "end": "02:00"}'
expect 204 DELETE "/api/workers/availability/$(value id)"
expect 200 GET /api/workers/availability
is items.6.weekday sunday
is items.7 ""
expect 201 POST /api/workers/time-off '{"starts_on": "2099-12-24", "ends_on": "2099-12-31"}'
expect 200 GET /api/workers/time-off
is items.0.starts_on 2099-12-24
expect 204 DELETE "/api/workers/time-off/$(value items.0.id)"

step "A worker has no business at the employers' and the administrators' doors"
refused 403 wrong_role GET /api/employers/jobs
refused 403 wrong_role GET /api/admin/stats

# --- An employer ---------------------------------------------------------------------------------

step "An employer registers by e-mail and signs in"
TOKEN=""
EMAIL="smoke-$RUN@example.com"
EMPLOYER=$(printf '{"company_name": "Smoke Café", "contact_name": "Ravi Sharma", "email": "%s", "password": "%s"}' "$EMAIL" "$PASSWORD")
expect 201 POST /api/auth/register/employer "$EMPLOYER"
EMPLOYER_ID=$(value id)
lacks "$PASSWORD"
refused 409 email_taken POST /api/auth/register/employer "$EMPLOYER"
sign_in "{\"role\": \"employer\", \"email\": \"$EMAIL\", \"password\": \"$PASSWORD\"}"
EMPLOYER_TOKEN=$TOKEN
expect 200 PUT /api/employers/profile '{"address": "1 Fort Road"}'
expect 200 GET /api/employers/profile
is address "1 Fort Road"
is verified false

step "The employer writes a job down, and changes it"
SLOTS=""
for day in monday tuesday wednesday thursday friday saturday sunday; do
  SLOTS="$SLOTS${SLOTS:+, }{\"weekday\": \"$day\", \"start\": \"09:00\", \"end\": \"17:00\"}"
done
YEAR=$(($(date -u +%Y) + 1))
JOB=$(printf '{"title": "Waiter", "description": "Serve at the table.", "category": "hospitality", "location": {"latitude": %s, "longitude": %s}, "address": "1 Fort Road", "starts_on": "%s-01-05", "slots": [%s], "positions": 1, "required_skills": ["%s"], "salary": {"amount": 15000, "currency": "INR", "per": "hour"}}' \
  "$LATITUDE" "$LONGITUDE" "$YEAR" "$SLOTS" "$SKILL")
expect 201 POST /api/employers/jobs "$JOB" --header "Idempotency-Key: smoke-$RUN"
is status draft
JOB_ID=$(value id)
expect 201 POST /api/employers/jobs "$JOB" --header "Idempotency-Key: smoke-$RUN"
is id "$JOB_ID"
refused 422 idempotency_key_reused POST /api/employers/jobs "${JOB/Waiter/Other}" --header "Idempotency-Key: smoke-$RUN"
expect 200 PUT "/api/employers/jobs/$JOB_ID" '{"title": "Waiter by day"}'
is title "Waiter by day"
refused 409 job_not_published POST "/api/matching/jobs/$JOB_ID/trigger"

step "The job is published, and found in the list; twice is refused"
expect 200 POST "/api/employers/jobs/$JOB_ID/publish"
is status published
refused 409 job_not_draft POST "/api/employers/jobs/$JOB_ID/publish"
refused 409 job_not_editable PUT "/api/employers/jobs/$JOB_ID" '{"required_skills": []}'
expect 200 GET "/api/employers/jobs?status=published"
is items.0.id "$JOB_ID"
expect 202 POST "/api/matching/jobs/$JOB_ID/trigger"
is offers_created 0

step "Our worker is matched, without a name or a way to reach them"
expect 200 GET "/api/employers/jobs/$JOB_ID/matches"
MATCH_ID=$(value items.0.id)
is items.0.status offered
is items.0.worker.display_name null
is items.0.contact null
lacks "Asha"
lacks "${WORKER_PHONE#+91}"
refused 409 match_not_accepted POST "/api/employers/matches/$MATCH_ID/unlock"

step "Another employer sees none of it"
TOKEN=""
OTHER="other-$RUN@example.com"
expect 201 POST /api/auth/register/employer "${EMPLOYER/$EMAIL/$OTHER}"
sign_in "{\"role\": \"employer\", \"email\": \"$OTHER\", \"password\": \"$PASSWORD\"}"
refused 404 job_not_found GET "/api/employers/jobs/$JOB_ID"
ask GET "/api/employers/jobs/$JOB_ID/matches"
[ "$STATUS" = 404 ] || fail 404 "$STATUS $BODY"
ask POST "/api/employers/matches/$MATCH_ID/unlock"
[ "$STATUS" = 404 ] || fail 404 "$STATUS $BODY"

# --- Offer, answer, lead -------------------------------------------------------------------------

step "The worker sees the offer in the API and on WhatsApp"
TOKEN=$WORKER_TOKEN
expect 200 GET "/api/workers/offers?status=offered"
is items.0.id "$MATCH_ID"
is items.0.job.title "Waiter by day"
has items.0.why.0
lacks "1 Fort Road"
soon "the offer on WhatsApp" received "offer:$MATCH_ID:accept"

step "The worker says no by mistake, and takes it back"
expect 200 POST "/api/workers/offers/$MATCH_ID/respond" '{"response": "reject"}'
is status rejected
expect 200 POST "/api/workers/offers/$MATCH_ID/reconsider"
is status offered

step "The worker taps Accept; another answer is refused"
TOKEN=""
expect 200 POST /sandbox/whatsapp/_control/inbound \
  "{\"phone\": \"$WORKER_PHONE\", \"message\": {\"type\": \"button_reply\", \"id\": \"offer:$MATCH_ID:accept\"}}"
is delivered true
TOKEN=$WORKER_TOKEN
accepted() { expect 200 GET "/api/workers/offers?status=accepted"; [ "$(value items.0.id)" = "$MATCH_ID" ]; }
soon "the acceptance" accepted
expect 200 POST "/api/workers/offers/$MATCH_ID/respond" '{"response": "accept"}'
refused 409 already_responded POST "/api/workers/offers/$MATCH_ID/respond" '{"response": "reject"}'
refused 409 not_rejected POST "/api/workers/offers/$MATCH_ID/reconsider"

step "The employer opens the payment page; the price is the server's"
TOKEN=$EMPLOYER_TOKEN
refused 422 invalid POST "/api/employers/matches/$MATCH_ID/unlock" '{"price": 1}'
expect 202 POST "/api/employers/matches/$MATCH_ID/unlock"
is status pending
has price.amount
PAYMENT_ID=$(value payment_id)
CHECKOUT=$(value checkout_url)
expect 202 POST "/api/employers/matches/$MATCH_ID/unlock"
is checkout_url "$CHECKOUT"

step "The card is declined: nothing is unlocked. It is charged: the contact is the employer's"
TOKEN=""
expect 200 POST "/sandbox/stripe/_control/checkout/${CHECKOUT##*/}" '{"outcome": "decline"}'
TOKEN=$EMPLOYER_TOKEN
expect 200 GET "/api/employers/jobs/$JOB_ID/matches"
is items.0.worker.display_name "Asha K."
is items.0.contact null
TOKEN=""
expect 200 POST "/sandbox/stripe/_control/checkout/${CHECKOUT##*/}" '{"outcome": "pay"}'
TOKEN=$EMPLOYER_TOKEN
unlocked() { ask POST "/api/employers/matches/$MATCH_ID/unlock"; [ "$STATUS" = 200 ]; }
soon "the unlock" unlocked
is contact.phone "$WORKER_PHONE"
is contact.name "Asha Kulkarni"
expect 200 GET "/api/employers/payments/$PAYMENT_ID"
is status succeeded
expect 200 GET /api/employers/payments
is items.0.id "$PAYMENT_ID"
expect 200 GET "/api/employers/jobs/$JOB_ID/matches"
is items.0.contact.phone "$WORKER_PHONE"
expect 200 GET "/api/employers/jobs/$JOB_ID"
is status filled
expect 200 GET /api/employers/dashboard
is leads_unlocked 1

step "The worker knows who holds the contact, and can't take it back"
TOKEN=$WORKER_TOKEN
expect 200 GET /api/workers/unlocks
has items.0
refused 409 already_unlocked POST "/api/workers/offers/$MATCH_ID/withdraw"
expect 200 GET /api/workers/dashboard
is unlocked 1
expect 201 POST /api/workers/blocks "{\"employer_id\": \"$EMPLOYER_ID\"}"
expect 200 GET /api/workers/export
holds "$WORKER_PHONE"

step "The worker reports the employer, once; nobody reports by another's offer"
refused 422 invalid POST "/api/workers/offers/$MATCH_ID/report" '{"reason": "rude"}'
refused 404 offer_not_found POST "/api/workers/offers/$JOB_ID/report" '{"reason": "other"}'
REPORT='{"reason": "asked_for_money", "note": "A deposit, to be paid by phone."}'
expect 201 POST "/api/workers/offers/$MATCH_ID/report" "$REPORT"
REPORTED_AT=$(value reported_at)
expect 201 POST "/api/workers/offers/$MATCH_ID/report" '{"reason": "other"}'
is reason asked_for_money
is reported_at "$REPORTED_AT"
TOKEN=$EMPLOYER_TOKEN
refused 403 wrong_role POST "/api/workers/offers/$MATCH_ID/report" "$REPORT"

step "The employer cancels another job; a second time changes nothing"
TOKEN=$EMPLOYER_TOKEN
expect 201 POST /api/employers/jobs "$JOB"
SECOND_JOB_ID=$(value id)
expect 200 DELETE "/api/employers/jobs/$SECOND_JOB_ID"
is status cancelled
expect 200 DELETE "/api/employers/jobs/$SECOND_JOB_ID"
is status cancelled
refused 409 job_not_draft POST "/api/employers/jobs/$SECOND_JOB_ID/publish"

step "A job is repeated as a draft on another day, and its draft cancelled"
expect 201 POST "/api/employers/jobs/$SECOND_JOB_ID/repeat" "{\"starts_on\": \"$YEAR-01-12\", \"positions\": 2}"
is status draft
is starts_on "$YEAR-01-12"
is positions 2
expect 200 DELETE "/api/employers/jobs/$(value id)"

# --- An owner who only writes ------------------------------------------------------------------

# writes TEXT: the owner writes this on WhatsApp.
writes() {
  TOKEN=""
  expect 200 POST /sandbox/whatsapp/_control/inbound \
    "{\"phone\": \"$OWNER_PHONE\", \"message\": {\"type\": \"text\", \"text\": \"$1\"}}"
  is delivered true
}

step "An owner without an account posts a job in four messages, and cancels it by words"
writes "need 1 waiter tomorrow 6 pm to 11 pm in Bandra 800 per day"
soon "the question for the company" received 'sign:private' "$OWNER_PHONE"
writes "Smoke Cafe"
soon "the question for the name" received 'own name' "$OWNER_PHONE"
writes "Ravi Kumar"
soon "the job, read back" received 'post:yes:' "$OWNER_PHONE"
writes "yes"
soon "the job to be posted" received 'Posted: ' "$OWNER_PHONE"
writes "cancel the job"
soon "the question whether" received ':really' "$OWNER_PHONE"
writes "yes"
soon "the job to be cancelled" received '\* is cancelled' "$OWNER_PHONE"

# --- Administration ------------------------------------------------------------------------------

if [ -n "$ADMIN_EMAIL" ] && [ -n "$ADMIN_PASSWORD" ]; then
  step "An administrator signs in, and sees the figures and every list"
  sign_in "{\"role\": \"admin\", \"email\": \"$ADMIN_EMAIL\", \"password\": \"$ADMIN_PASSWORD\"}"
  ADMIN_TOKEN=$TOKEN
  expect 200 GET /api/admin/stats
  for list in workers employers jobs payments messages webhooks logs; do
    expect 200 GET "/api/admin/$list?limit=1"
    has items.0
  done
  for list in workers employers jobs payments logs; do
    expect 200 GET "/api/admin/$list?limit=1&format=csv"
    holds id
  done
  expect 200 GET "/api/admin/workers/$WORKER_ID"
  expect 200 GET "/api/admin/jobs/$JOB_ID"
  expect 200 GET /api/admin/settings
  ask GET "/api/admin/workers/$JOB_ID"
  [ "$STATUS" = 404 ] || fail 404 "$STATUS $BODY"

  step "The administrator verifies a worker and an employer; it is on record, once"
  expect 200 POST "/api/admin/workers/$WORKER_ID/action" '{"action": "verify", "reason": "smoke"}'
  is verified true
  expect 200 POST "/api/admin/employers/$EMPLOYER_ID/action" '{"action": "verify"}'
  refused 409 already_verified POST "/api/admin/employers/$EMPLOYER_ID/action" '{"action": "verify"}'
  expect 200 GET "/api/admin/logs?target_id=$EMPLOYER_ID&action=employer.verify"
  is items.0.target_id "$EMPLOYER_ID"
  has items.0.hash

  step "A suspension needs a reason, and ends every session at once"
  refused 422 invalid POST "/api/admin/employers/$EMPLOYER_ID/action" '{"action": "suspend"}'
  expect 200 POST "/api/admin/employers/$EMPLOYER_ID/action" '{"action": "suspend", "reason": "smoke"}'
  TOKEN=$EMPLOYER_TOKEN
  ask GET /api/auth/me
  [ "$STATUS" = 401 ] || fail 401 "$STATUS $BODY"
  TOKEN=$ADMIN_TOKEN
  expect 200 POST "/api/admin/employers/$EMPLOYER_ID/action" '{"action": "activate"}'

  step "The administrator gives the money back; what was seen stays seen"
  expect 200 POST "/api/admin/payments/$PAYMENT_ID/refund" '{"reason": "smoke"}'
  refunded() { expect 200 GET "/api/admin/payments?employer_id=$EMPLOYER_ID"; [ "$(value items.0.status)" = refunded ]; }
  soon "the refund" refunded
  sign_in "{\"role\": \"employer\", \"email\": \"$EMAIL\", \"password\": \"$PASSWORD\"}"
  EMPLOYER_TOKEN=$TOKEN
  expect 200 GET "/api/employers/jobs/$JOB_ID/matches"
  is items.0.contact.phone "$WORKER_PHONE"

  step "The administrator reopens the cancelled draft, and expires what is overdue"
  TOKEN=$ADMIN_TOKEN
  expect 200 POST "/api/admin/jobs/$SECOND_JOB_ID/action" '{"action": "reopen"}'
  is status draft
  expect 200 POST /api/matching/expire-matches
  has expired
else
  printf '     (ADMIN_EMAIL and ADMIN_PASSWORD are not set: the administrator'"'"'s endpoints are left out)\n'
fi

# --- The end -------------------------------------------------------------------------------------

step "A token is dead after logout, and a worker's account after erasure"
TOKEN=$EMPLOYER_TOKEN
expect 204 POST /api/auth/logout
ask GET /api/auth/me
[ "$STATUS" = 401 ] || fail 401 "$STATUS $BODY"
TOKEN=$WORKER_TOKEN
expect 204 DELETE /api/workers/account
ask GET /api/workers/profile
[ "$STATUS" = 401 ] || fail 401 "$STATUS $BODY"

printf '\nAll %d steps hold.\n' "$COUNT"

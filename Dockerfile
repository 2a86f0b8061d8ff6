# One image, several roles: the API (default), `python -m app worker`, `alembic upgrade head`.
#
#   docker build -t partimer-backend .
#
# It runs as production, and refuses to start without secrets: see compose.yaml and deploy/README.md.
# To try it, with SQLite and the sandbox inside, on this machine only:
#
#   docker run -e ENVIRONMENT=development -p 127.0.0.1:8000:8000 partimer-backend

FROM python:3.12-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/partimer
COPY requirements.txt /tmp/requirements.txt
# Ready-made wheels only, each with the hash we know: nothing is compiled, nothing is swapped.
RUN /opt/partimer/bin/pip install --require-hashes --only-binary=:all: -r /tmp/requirements.txt


FROM python:3.12-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin partimer \
    && install -d -o partimer -g partimer -m 0750 /var/lib/partimer
COPY --from=packages /opt/partimer /opt/partimer
WORKDIR /srv/partimer
COPY LICENSE alembic.ini ./
COPY migrations migrations
COPY app app
COPY sandbox sandbox
# Compiled once here: the code is read-only to the user that runs it.
RUN /opt/partimer/bin/python -m compileall -q app sandbox migrations

# A development instance writes (SQLite, the sandbox's journal, mails) into the working folder, the only
# writable one. Its people are outside, hence 0.0.0.0: without a word about it, it is production.
ENV ENVIRONMENT=production \
    PATH=/opt/partimer/bin:$PATH \
    PYTHONPATH=/srv/partimer \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ALEMBIC_CONFIG=/srv/partimer/alembic.ini \
    PORT=8000
USER partimer
WORKDIR /var/lib/partimer
VOLUME /var/lib/partimer
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=2)"]
CMD ["sh", "-c", "exec uvicorn app.main:app --host 0.0.0.0 --port \"$PORT\""]

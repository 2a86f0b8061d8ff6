"""Disguises of contacts that are read by their kind: number words with digits for letters, Roman digits,
numbers in two parts, addresses without their signs, names on networks with a number behind them."""

import pytest

from app.masking.mask import MASK, mask


@pytest.mark.parametrize(
    "text",
    [
        "Ring n1ne f0ur tw0 s3ven thr33 s1x 0ne e1ght f1ve zer0",
        "Ring nyn faiv too sevn wan siks thri eit zero four",
        "Ring IX IV II 0 VII III VI I V VIII",
        "Ring IX, IV, II, VII, III, VI, I, V",
        "Pehle 94273 lagao aur uske baad 61857 lagao",
        "The card says 94273 on one side, 61857 on the other",
    ],
)
def test_a_number_in_disguise_is_unreadable(text: str) -> None:
    seen = mask(text)
    assert MASK in seen
    for part in ("94273", "61857", "s3ven", "sevn", "VII", "II"):
        assert part not in seen


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("my id is suresh.naik77, gmail as always", "naik77"),
        ("gmail par bhejna sureshnaik77", "sureshnaik77"),
        ("mail me at sureshnaik77 gmail com", "sureshnaik77"),
        ("mail sureshnaik at d rate gmail dot com", "sureshnaik"),
        ("mail suresh.naik at gee mail dot com", "suresh"),
        ("mail sureshnaik (gmail)", "sureshnaik"),
        ("site dekho golden tiffin dot com", "tiffin"),
        ("हमारी वेबसाइट गोल्डन टिफिन डॉट कॉम देखें", "टिफिन"),
        ("skype: live:suresh.naik77", "naik77"),
        ("look for page GoldenTiffinThane on facebook", "GoldenTiffinThane"),
        ("youtube channel GoldenTiffinDaily", "GoldenTiffinDaily"),
        ("IG the.golden.tiffin dm open", "golden"),
        ("linked in profile suresh-naik-cook", "suresh"),
        ("arattai id sureshnaik", "sureshnaik"),
        ("इंस्टा पर टिफिनवाला लिखिए", "टिफिनवाला"),
    ],
)
def test_an_address_in_disguise_is_unreadable(text: str, hidden: str) -> None:
    assert hidden in text
    assert hidden not in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "Chapters I, II, III, IV, V, VI and VII of the form",
        "Knowledge of .NET and Angular",
        "Instagram posts in Photoshop2024, no page of your own",
        "Grow our YouTube channel, two videos a week",
        "Pay 12400 in the first month, 13900 in the second",
        "Reel editor, see what others do on Instagram",
    ],
)
def test_ordinary_work_is_no_disguise(text: str) -> None:
    assert mask(text) == text

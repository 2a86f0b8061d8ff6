"""Places are found by how their names sound: in Devanagari, and as somebody heard them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import phonetic_search, places
from app.catalogue.phonetics import consonants, distance, sounds
from app.catalogue.skills import fold


@pytest.mark.parametrize(
    ("hindi", "english"),
    [
        ("अंधेरी", "Andheri"),
        ("बान्द्रा", "Bandra"),
        ("कोरमंगला", "Kormangla"),
        ("गोरेगाँव", "Goregaon"),
        ("मालेगाव", "Malegaon"),
        ("नजफगढ़", "Najafgarh"),
        ("नजफगढ", "Najafgarh"),
        ("वडाला", "Wadala"),
        ("चाँदनी चौक", "Chandni Chowk"),
        ("एचएसआर लेआउट", "H S R Layout"),
        ("लोअर परेल", "Lower Parel"),
        ("बांद्रा पश्चिम", "Bandra West"),
        ("इंदिरा नगर", "Indiranagar"),
        ("मुम्बई", "Mumbai"),
    ],
)
def test_a_name_sounds_the_same_in_both_scripts(hindi: str, english: str) -> None:
    written = {"".join(sound) for sound in sounds(fold(english))}
    spelt = {"".join(word.rstrip("a") for word in sound) for sound in sounds(fold(hindi))}
    near = min(distance(one.replace("a", ""), two) for one in written for two in spelt)
    assert near <= 1, (written, spelt)


def test_other_consonants_are_another_name() -> None:
    [dadar], [thane] = sounds("dadar"), sounds("thane")
    assert consonants("".join(dadar)) != consonants("".join(thane))


@pytest.mark.parametrize(
    ("text", "name", "state"),
    [
        ("मुंबई", "Mumbai", "Maharashtra"),
        ("मुम्बई", "Mumbai", "Maharashtra"),
        ("पुणे", "Pune", "Maharashtra"),
        ("दिल्ली", "Delhi", "Delhi"),
        ("कोरेगांव पार्क", "Koregaon Park", "Maharashtra"),
        ("Koregaon Park", "Koregaon Park", "Maharashtra"),
        ("koregaw park, pune", "Koregaon Park", "Maharashtra"),
        ("उत्तम नगर", "Uttam Nagar", "Delhi"),
        ("हज़रतगंज", "Hazratganj", "Uttar Pradesh"),
        ("हजरतगंज लखनऊ", "Hazratganj", "Uttar Pradesh"),
        ("चौक, लखनऊ", "Chowk", "Uttar Pradesh"),
        ("एचएसआर लेआउट", "HSR Layout", "Karnataka"),
    ],
)
def test_a_place_in_hindi_is_found_and_sure(text: str, name: str, state: str) -> None:
    found = phonetic_search.search(text)
    assert [(p.name, p.state) for p in found if p.sure] == [(name, state)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("बांद्रा", "Bandra"),
        ("बांद्रा, मुंबई", "Bandra"),
        ("अंधेरी", "Andheri"),
        ("अंधेरी, मुम्बई", "Andheri"),
        ("दादर", "Dadar"),
        ("कोरमंगला", "Koramangala"),
    ],
)
def test_where_several_may_be_meant_the_likeliest_is_first_and_none_is_sure(
    text: str, first: str
) -> None:
    found = phonetic_search.search(text)
    assert found[0].name == first
    assert len(found) > 1
    assert not any(place.sure for place in found)


@pytest.mark.parametrize("text", ["जयनगर", "महरौली", "पीतमपुरा", "सायन", "कृष्णा नगर", "चौक", "कैंट"])
def test_what_is_a_quarter_here_and_a_village_there_is_asked(text: str) -> None:
    found = phonetic_search.search(text)
    assert found
    assert not any(place.sure for place in found)


def test_of_a_quarter_nobody_knows_only_the_city_is_offered() -> None:
    [pune] = phonetic_search.search("झकमकवाडी, पुणे")
    assert (pune.name, pune.sure) == ("Pune", False)
    assert phonetic_search.search("झझझझ") == []
    assert phonetic_search.search("bat karni hai kisi se") == []
    assert phonetic_search.search("my house near the school") == []


@pytest.mark.parametrize("text", ["Mumbai", "Delhi", "मुंबई", "Pune", "Tilak Nagar", "तिलक नगर"])
def test_no_two_places_to_choose_from_read_the_same(text: str) -> None:
    found = phonetic_search.search(text)
    assert len({(fold(p.name), p.city, p.state) for p in found}) == len(found)
    assert [p.kind for p in found if fold(p.name) == fold(text)].count("city") <= 1


def test_a_latin_name_that_is_on_the_map_is_taken_as_it_is_written() -> None:
    for name in ("Andheri", "Whitefield", "Bandra West, Mumbai", "400050"):
        assert phonetic_search.search(name) == [p for p in places.search(name) if p.sure]


def test_a_large_citys_name_means_the_city() -> None:
    for name in ("Mumbai", "delhi", "दिल्ली", "thane", "gurgaon", "bangalore"):
        assert [p.kind for p in phonetic_search.search(name) if p.sure] == ["city"]


@given(st.text(max_size=40) | st.text("अआइईउऊएऐओऔकखगचजटडतदनपबमयरलवशसहािीुूेैोौं़्ँ ,", max_size=30))
def test_no_text_breaks_the_search(text: str) -> None:
    assert len(phonetic_search.search(text, limit=5)) <= 5

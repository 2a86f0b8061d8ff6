"""Make `app/nlu/data/common_words.txt` and `person_names.txt` again from the packages that ship the sources.

Needs the development packages `wordfreq` (how often a word is used), `faker` and `indian-names`. Run from the
project's root: `python -m scripts.build_common_words`. The bytes are the same every time.

- A common word is none of a person's name and no small place: "later", "metro" and "baad" were once saved as
  villages. Kept are the words of English and Hindi that people use most, without first names, and without
  the names of Indian cities that people really mean. A word that is also the name of a known quarter stays
  out where it is seldom used as a word.
- The words of Hindi stand in Devanagari; how they sound (`app.catalogue.phonetics`) tells them in Latin letters.
- A person's name is a first or a last name of India, in Latin letters or Devanagari, or a Western first name.
"""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from faker.providers.person.en_IN import Provider as English
from faker.providers.person.en_US import Provider as Western
from faker.providers.person.hi_IN import Provider as Hindi
from wordfreq import top_n_list

from app.catalogue import places
from app.catalogue.skills import fold
from app.nlu.common_words import said_around

INDIAN = ("first.female.names", "first.male.names", "last.names")
FOLDER = Path(__file__).resolve().parent.parent / "app/nlu/data"
WORDS = {"en": 12_000, "hi": 8_000}
"""How many of each language's most used words are common."""
VERY_COMMON = 3_000
"""So many of them are common whatever quarter is called so."""
CITY_PEOPLE = 100_000
"""A city at home of so many people is meant by its name."""
MORE_NAMES = (
    "md arif rehman abdul khan shaikh sheikh salman mohammed mohd santosh vikas imran aslam संतोष "
    "विकास खान शेख सलमान रमेश सुरेश महेश दिनेश राजेश मुकेश गणेश नरेश विनोद प्रकाश संजय अजय विजय राहुल रोहित मोहित "
    "सचिन पंकज मनोज दीपक राकेश अशोक अनिल सुनील कमल पवन अरुण वरुण राज राजू सोनू मोनू गुड्डू पूजा आरती सीता गीता "
    "रीता अनीता सुनीता कविता सविता ममता लता रेखा आशा उषा नेहा प्रिया काजल कोमल ज्योति किरण सपना रानी राधा मीना "
    "रुखसाना शबाना फातिमा आयशा इमरान सलीम अकबर जावेद अहमद मोहम्मद कुमार कुमारी देवी सिंह यादव शर्मा वर्मा गुप्ता "
    "मिश्रा पांडे तिवारी चौधरी पटेल जाधव पवार शिंदे पाटिल मोहन सोहन श्याम राम लक्ष्मी सरस्वती पार्वती "
    "shabnam shabana bano rukhsana rukhsar salma nasreen parveen farzana rehana razia zarina mumtaz noorjahan sabina "
    "aftab irfan asif arshad naseem nadeem shahid shakeel javed akhtar salim saleem yusuf yunus rafiq rashid tariq "
    "zubair wasim waseem faisal faizan danish junaid zeeshan sajid majid hamid khalid ansari qureshi siddiqui pathan "
    "golu chintu pintu tinku rinku pinku pappu guddi guddu munni babli bablu bunty pinky dimple sweety lucky rocky "
    "vicky ricky chhotu chotu kallu lallu ballu tony bittu mintu sintu chunni munnu dolly "
    "sunitha kavitha lalitha saritha anitha geetha jyothi savithri lakshmamma padmavathi vijayalakshmi mahalakshmi "
    "murugan selvam selvi kumaran senthil saravanan karthik arumugam perumal muthu muthulakshmi ponni valli velu "
    "rajeswari parameswari bhuvaneswari thangam chellamma meenakshi kannan krishnan raman lakshmanan "
    "biju shaji saji binu jose joseph thomas mathew varghese kurian abraham george philip chacko bindu "
    "sheeja sindhu nair menon pillai kurup venkatesh venkat nagesh nagaraj manjunath manjula shivanna basavaraj "
    "ravindra gowda reddy naidu rao raju babu appalanaidu yadagiri narsimha sravani swathi mounika sai "
    "tapan swapan bapi bapan tapas subrata sanjib debasish biswajit mondal mandal biswas sarkar ghosh bose dutta das "
    "khatun bibi begum ganguly chatterjee banerjee mukherjee bhattacharya haldar bera maity sahoo nayak behera "
    "pradhan mohanty panda jena swain pujari malik tudu murmu soren hansda hembram kisku marandi oraon munda lakra "
    "thapa gurung tamang rai limbu sherpa lepcha bhutia chettri subba magar lama lobsang tenzing dorjee dolma "
    "gogoi borah baruah deka kalita hazarika saikia bora das boro brahma basumatary "
    "singh kaur gurpreet harpreet manpreet jaspreet sukhwinder balwinder gurmeet harjeet paramjit kuldeep jagdeep "
    "satnam baljit lovepreet simran navjot gill dhillon sandhu sidhu "
    "jadhav pawar shinde patil gaikwad kamble more bhosale chavan salunkhe deshmukh kulkarni joshi tambe sawant "
    "waghmare kale ghule dhole thorat shelke nikam mane suresh sachin sandeep ganpat tukaram dnyaneshwar vaishali "
    "sangita sangeeta shobha mangal kalpana jayashree pratibha pushpa kusum kamla bimla vimla nirmala urmila shanti "
    "ramvati phoolmati sushila sheela leela maya chanda gulabo champa rampyari basanti dulari "
    "parmar solanki chauhan rathod makwana vaghela desai mehta shah bhai ben hitesh jignesh nilesh kalpesh mukesh "
    "bharat haresh ashwin bhavesh "
    "paswan manjhi ravidas ram sahni sah mahto mahato yadav kushwaha rajbhar nishad prajapati "
    "vishwakarma sonkar gautam maurya pal rawat bisht negi rana thakur dhiman jangid saini gurjar meena bairwa "
    "verghese fernandes dsouza dsilva pereira rodrigues lobo pinto mascarenhas almeida gomes noronha "
    "ramesh suraj deepak dipak rakesh dhiraj dheeraj niraj neeraj dharmendra jitendra upendra birendra virendra "
    "surendra mahendra narendra rajendra devendra yogendra satyendra ranjit ranjeet sanjeet manjit vishal kailash "
    "bhola lalan chhotelal ramlal shyamlal mohanlal kishan gopal govind hari ramu shyamu mohanan raghu raghav "
    "laxman bharti aarti arti poonam soni sony rani kajal komal khushboo khushbu neelam nilam ragini roshni shilpa "
    "sapna sarita savita sheetal shital sonam sonali sunaina tara usha vandana veena vinita yashoda zeenat "
    "शबनम शबाना पप्पू गोलू चिंटू पिंकी मुन्नी बबली छोटू आफ़ताब इरफ़ान आसिफ़ नसीम शाहिद यूसुफ़ सलमा फ़रज़ाना परवीन मुमताज़ बेगम ख़ातून "
    "पासवान मांझी साहनी महतो कुशवाहा राजभर निषाद प्रजापति विश्वकर्मा सोनकर मौर्य पाल रावत ठाकुर राणा सैनी गुर्जर मीणा "
    "धीरज नीरज धर्मेंद्र जितेंद्र सुरेंद्र महेंद्र राजेंद्र रंजीत विशाल कैलाश भोला गोपाल गोविंद पूनम नीलम रोशनी शिल्पा सरिता शीतल सोनम "
    "तारा वंदना वीणा यशोदा शांति कमला विमला निर्मला उर्मिला सुशीला शीला लीला चंदा चंपा बसंती दुलारी पुष्पा कुसुम कल्पना शोभा संगीता"
).split()
"""Names that many have and no source lists."""
LEAST_LETTERS = 2
NEVER_NAMES = {"en": 1_000, "hi": 150}
"""So many of the most used words are no names, although somebody may be called so: "काम" is work, "will"."""


def person_names() -> set[str]:
    """Return first and last names, folded."""
    names: Iterable[str] = (
        *English.first_names,
        *English.last_names,
        *Western.first_names,
        *MORE_NAMES,
        *Hindi.first_names,
        *Hindi.last_names,
        *(
            name
            for file in INDIAN
            for name in files("indian_names").joinpath(file).read_text().split()
        ),
    )
    never = {fold(word) for each, count in NEVER_NAMES.items() for word in top_n_list(each, count)}
    found = {word for name in names for word in fold(name).split() if len(word) >= LEAST_LETTERS}
    return found - never - said_around()


def common_words(names: set[str]) -> set[str]:
    """Return the common words of each language, folded."""
    cities = {
        folded
        for folded, where, _ in places.names_at_home()
        if isinstance(where, places.Place) and where.people >= CITY_PEOPLE
    }
    quarters = {
        folded for folded, where, _ in places.names_at_home() if not isinstance(where, places.Place)
    }
    found: set[str] = set()
    for language, count in WORDS.items():
        for rank, word in enumerate(top_n_list(language, count)):
            folded = fold(word)
            if len(folded) < LEAST_LETTERS or " " in folded or folded in cities or folded in names:
                continue
            if rank < VERY_COMMON or folded not in quarters:
                found.add(folded)
    return {word for word in found if word.isalpha() or not word.isascii()}


def main() -> None:
    """Write both lists, sorted, a word a line."""
    names = person_names()
    for file, words in (
        ("person_names.txt", names),
        ("common_words.txt", common_words(names)),
    ):
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / file).write_text("\n".join(sorted(words)) + "\n", encoding="utf-8")
        print(f"{file}: {len(words)}")


if __name__ == "__main__":
    main()

"""The words of the small world: nouns by what they are, verbs, adjectives, people, towns. It writes nothing.

    len(ALL_WORDS)            # a few thousand, every form counted
    plural("fox")             # "foxes"
    past("carry")             # "carried"

The lists are our own. A change to one changes what is drawn: the golden digests of the tests then fail,
and `draw.VERSION` is to be raised.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = [
    "ADJECTIVES",
    "ALL_WORDS",
    "COLOURS",
    "COUNTED",
    "JOBS",
    "MEN",
    "NOUNS",
    "SEASONS",
    "TOPICS",
    "TOWNS",
    "VERBS",
    "WOMEN",
    "article",
    "gerund",
    "listed",
    "past",
    "plural",
]


def listed(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


_NOUNS = {
    "animal": """ant bear bee beetle bird bull butterfly calf camel cat cow crab crow deer dog dolphin donkey
        dove dragonfly duck eagle elephant falcon fish fox frog goat goose hamster hare hawk hedgehog hen heron
        horse kitten lamb lion lizard lobster mole monkey moth mouse otter owl ox parrot peacock penguin pig
        pigeon pony puppy rabbit raccoon rat raven robin rooster salmon seal shark sheep snail snake sparrow
        spider squirrel swallow swan tiger toad trout turkey turtle weasel whale wolf woodpecker worm""",
    "food": """almond apple apricot bagel banana bean beet biscuit bun cabbage cake candy carrot cherry chestnut
        cookie cracker cucumber dumpling egg fig grape hazelnut lemon loaf mango melon muffin mushroom nut olive
        onion orange pancake pastry pea peach peanut pear pepper pickle pie pizza plum potato pretzel pudding
        pumpkin radish raisin roll salad sandwich sausage soup stew strawberry tart toast tomato turnip waffle
        walnut""",
    "tool": """anvil axe basket bell blanket bottle bowl box broom brush bucket candle chain clock comb compass
        cup drill envelope fan fork hammer hoe hook jar kettle key knife ladder ladle lamp lantern lens lock magnet
        map mirror mop mug nail napkin needle notebook oven paintbrush pan pen pencil pillow pin plate pot pump
        purse rake razor ribbon rope ruler sack saw scale screw shovel sieve soap spade sponge spoon stove
        string thermometer torch towel tray umbrella vase wheel whistle wrench""",
    "clothing": """apron belt boot bonnet bracelet button cap cape cloak coat collar dress glove gown hat helmet
        hood jacket mask mitten necklace pocket ring robe sandal scarf shawl shirt shoe skirt sleeve slipper sock
        suit sweater tie tunic veil vest waistcoat""",
    "plant": """acorn bamboo birch blossom branch bush cactus cedar clover daisy elm fern fir flower herb ivy leaf
        lily maple moss oak orchid palm petal pine poppy reed root rose sapling seed shrub stem sunflower thistle
        thorn tree tulip vine violet weed willow""",
    "vehicle": """aeroplane ambulance balloon barge bicycle boat bus canoe caravan carriage cart ferry glider
        helicopter kayak lorry motorbike plane raft rocket rowboat sailboat scooter ship sled sleigh submarine
        taxi tractor train tram truck tugboat van wagon wheelbarrow yacht""",
    "instrument": """accordion banjo bagpipe bassoon bugle cello clarinet cymbal drum fiddle flute gong guitar
        harmonica harp horn lute lyre mandolin oboe organ piano recorder saxophone tambourine trombone trumpet
        tuba ukulele viola violin xylophone""",
    "building": """airport attic bakery bank barn bridge cabin castle cathedral cellar chapel church cinema
        cottage dairy dam factory farm fortress gallery garage garden gate greenhouse harbour hospital hotel house
        hut inn kitchen laboratory library lighthouse market mill mine museum office orchard palace park pier
        playground pool prison restaurant school shed shop stable stadium station store studio temple tent theatre
        tower tunnel village warehouse well windmill workshop zoo""",
    "nature": """avalanche bay beach brook canyon cave cliff cloud coast comet creek desert dune field flood fog
        forest fountain geyser glacier hill hurricane island jungle lagoon lake marsh meadow moon mountain ocean
        path peak pebble plain planet pond puddle rainbow ridge river rock sea shadow shell shore snowflake spring
        star storm stream sunset swamp thunderstorm tide valley volcano waterfall wave wood""",
    "thing": """alarm album anchor award badge ball banner bench bill blackboard book brick calendar camera card
        carpet chair chest chimney coin computer crayon crown cupboard curtain cushion desk diary dice doll door
        doorbell drawer fence flag floor game gift hammock handle heater ink journal keyboard kite ladybird letter
        lid machine marble medal medicine menu microscope mosaic newspaper novel painting paper parcel photograph
        picture poem postcard poster puppet puzzle quilt radio riddle robot roof rug sculpture shelf sign sofa
        stamp statue stool suitcase table telephone telescope television ticket toy treasure trophy wall wallet
        window wire""",
}
JOBS = listed("""actor artist astronaut baker barber blacksmith builder butcher captain carpenter chemist cleaner clerk coach
    cook dancer dentist diver doctor driver editor engineer farmer fisher florist gardener guard guide hunter
    inventor jeweller judge juggler lawyer librarian mason mechanic miller miner musician nurse painter pilot
    plumber poet porter potter printer reporter sailor scientist sculptor shepherd singer soldier student surgeon
    tailor teacher trader tutor vet waiter weaver writer""")
_IRREGULAR_NOUNS = dict(
    pair.split("/")
    for pair in listed("""calf/calves cactus/cacti deer/deer dice/dice fish/fish goose/geese knife/knives leaf/leaves
    loaf/loaves mouse/mice ox/oxen salmon/salmon scarf/scarves sheep/sheep shelf/shelves trout/trout wolf/wolves
    potato/potatoes tomato/tomatoes mango/mangoes radio/radios studio/studios zoo/zoos""")
)
_MASS = frozenset(
    listed("bamboo candy clover fog ink ivy medicine moss paper salad soap soup stew string toast")
)

_VERBS = listed("""admire answer ask bake balance borrow break/broke bring/brought brush build/built bury buy/bought carry
    catch/caught change check choose/chose clean climb close collect colour cook copy count cover cross cut/cut
    decorate deliver design dig/dug discover draw/drew drop enjoy examine explore fasten feed/fed fetch fill find/found
    fix fold follow forget/forgot free gather give/gave grab guard hang/hung hear/heard help hide/hid hold/held hug
    imagine inspect invent keep/kept kick know/knew label lead/led learn leave/left lend/lent lift like load look lose/lost
    love make/made mark measure meet/met mend mix move name need notice open order own pack paint pass pat pay/paid
    photograph pick place plan plant polish pour praise press protect pull push put/put raise reach read/read remember
    remove rent repair rescue return ride/rode roll rub save scrub sell/sold send/sent sew/sewed share sharpen
    shake/shook show/showed sketch smell sort spot steal/stole stir stop store study swap sweep/swept take/took taste
    teach/taught throw/threw tidy tie touch trace trade trim trust try turn use visit wash watch water wear/wore
    weigh welcome wipe wish wrap write/wrote arrive bark begin/began breathe camp chat come/came cough cry dance dream
    drift drive/drove eat/ate fall/fell fly/flew gallop giggle glow go/went grow/grew hop hum hurry jog jump
    kneel/knelt laugh lean listen march nap nod paddle play pray rest rise/rose row run/ran rush sail shine/shone
    shiver shout sigh sing/sang sit/sat skate sleep/slept slide/slid smile sneeze speak/spoke splash stand/stood stay
    swim/swam swing/swung talk think/thought travel tremble wait wake/woke walk wander wave whisper whistle win/won
    wink wonder work worry yawn""")
_IRREGULAR_VERBS = dict(pair.split("/") for pair in _VERBS if "/" in pair)
_DOUBLED = frozenset(
    listed("""chat cut dig drop forget grab hop hug hum jog nap nod pat plan put rub run scrub sit spot stir stop swap
    swim trim win wrap begin""")
)

ADJECTIVES: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        kind: listed(words)
        for kind, words in {
            "looks": """ancient beautiful bright broad clean colourful crooked curved dark dusty elegant enormous faded
                flat fine glossy golden grand handsome heavy huge large light little long low massive modest muddy
                narrow neat old pale plain pretty round rusty shabby sharp shiny short silver simple slender small
                smooth soft spotted square steep striped sturdy tall tangled thick thin tidy tiny vast weathered
                wide wooden worn young""",
            "character": """brave calm careful cautious cheerful clever cool curious eager faithful famous fierce
                friendly funny gentle gloomy graceful grumpy happy helpful honest humble jolly kind lazy lively
                lonely loyal lucky merry mild modern mysterious noble noisy odd patient peaceful playful polite
                popular proud quick quiet rare reliable restless secret serious shy silent sleepy slow stubborn
                strange strong stylish tender timid useful warm wild wise witty""",
            "value": """amazing charming comfortable common delightful excellent fresh familiar good great handy
                important impressive interesting lovely marvellous memorable new nice perfect pleasant precious
                remarkable safe special splendid steady surprising traditional unusual valuable welcome
                wonderful""",
            "mood": """afraid amused anxious ashamed bored cold content dizzy excited glad grateful hopeful hungry
                jealous nervous pleased puzzled relaxed relieved sad sorry surprised thankful thirsty tired
                worried""",
        }.items()
    }
)
COLOURS = listed("amber black blue brown gold green grey orange pink purple red scarlet silver white yellow")
SEASONS = ("spring", "summer", "autumn", "winter")
WOMEN = listed("""Ada Agnes Alice Amina Ana Anita Astrid Beatriz Bella Bianca Carla Carmen Chloe Clara Dana Daphne Diana Edith
    Elena Elsa Emma Esther Eva Fatima Fiona Flora Freya Gina Grace Greta Hana Heidi Helen Ida Ines Ingrid Irene Iris
    Jana Jasmine Joan Julia Karen Kira Laila Laura Leah Lena Lily Lina Lucia Mabel Maria Marta Maya Mei Mina Mira Nadia
    Naomi Nina Nora Olga Olive Paula Petra Priya Rita Rosa Ruth Sadie Sara Selma Sofia Stella Sunita Tamara Tessa Ursula
    Vera Wanda Yara Yuki Zara Zoe""")
MEN = listed("""Adam Ahmed Albert Ali Amir Andre Anton Arthur Ben Boris Bruno Carlos Caspar Cyril Daniel David Diego Edgar Elias
    Emil Eric Ethan Felix Finn Frank Fred George Gustav Hamid Hans Harry Henry Hugo Ian Igor Ivan Ivo Jack Jakob James
    Jonas Juan Kai Karim Karl Kenji Kofi Lars Leo Liam Louis Luca Luis Malik Marco Martin Max Milo Mohan Nikos Noah
    Oliver Omar Oscar Otto Pablo Paul Pavel Peter Rafael Ravi Robert Rudi Sami Samuel Sean Simon Stefan Sven Theo
    Thomas Tim Tom Victor Walter Will Yusuf""")
TOWNS = listed("""Alderton Ambrook Ashby Barrow Bexford Birchwood Blackmoor Bramley Bridgend Brookdale Carlow Cedarville
    Cliffton Coldwater Crowley Dalefield Deepwell Dunmore Eastbury Edgewater Elmstead Fairview Fernhill Foxley
    Glenrock Goldcrest Greenfield Halford Harrowgate Hazelton Highmoor Hollowby Ironbridge Kingsley Lakeside Larkhill
    Linwood Longford Marlow Maplewood Millbrook Moorland Newhaven Northgate Norwood Oakham Oldbridge Otterby Pinehurst
    Plumstead Quarryton Ravenhill Redcliff Ridgeway Riverton Rosedale Sandhurst Seaview Shelby Silverton Southwell
    Springfield Stonebury Sunnydale Thornton Underhill Valebrook Waterford Westport Whitby Willowby Winslow Woodbury
    Yarrow""")
COUNTED = listed("""acorn apple badge bagel ball banana bean bell biscuit book bottle bowl box brick bun button cake candle card
    carrot cherry coin cookie crayon cup egg fig flower gift grape jar key lamp leaf lemon letter marble medal melon
    muffin mug mushroom nail napkin needle nut olive onion orange parcel peach pear pebble pen pencil photograph
    picture pie plate plum postcard poster potato puzzle ribbon ring roll rose sandwich seed shell shirt sock spoon
    stamp sticker strawberry ticket tile tomato towel toy tulip walnut""")
"""What can be counted, bought and given away."""


def plural(noun: str) -> str:
    """More than one: `foxes`, `mice`."""
    if noun in _IRREGULAR_NOUNS:
        return _IRREGULAR_NOUNS[noun]
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def past(verb: str) -> str:
    """What it was: `carried`, `found`."""
    if verb in _IRREGULAR_VERBS:
        return _IRREGULAR_VERBS[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ied"
    return f"{verb}{verb[-1]}ed" if verb in _DOUBLED else f"{verb}ed"


def gerund(verb: str) -> str:
    """What is being done: `carrying`, `running`, `making`."""
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    return f"{verb[:-1]}ing" if verb.endswith("e") and not verb.endswith("ee") else f"{verb}ing"


def article(words: str) -> str:
    """`a` or `an`, by the first letter; no word here makes a vowel of `h` or a consonant of `o`."""
    first = words.split(" ", 1)[0].lower()
    vowel = first[0] in "aeiou" and not first.startswith(("uk", "un", "us", "eu", "one"))
    return "an" if vowel or first.startswith(("honest", "umbrella", "unusual", "under")) else "a"


NOUNS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {kind: tuple(noun for noun in listed(words) if noun not in _MASS) for kind, words in _NOUNS.items()}
)
"""Nouns that take `a` and a plural, by what they name."""
TOPICS = tuple((kind, noun) for kind, nouns in NOUNS.items() for noun in nouns)
"""What texts are about: what it is, and the noun."""
VERBS = tuple(pair.split("/")[0] for pair in _VERBS)
ALL_WORDS = frozenset(
    [form for _, noun in TOPICS for form in (noun, plural(noun))]
    + [form for noun in (*COUNTED, *JOBS) for form in (noun, plural(noun))]
    + [form for verb in VERBS for form in (verb, past(verb), gerund(verb))]
    + [word for words in ADJECTIVES.values() for word in words]
    + [*COLOURS, *SEASONS, *WOMEN, *MEN, *TOWNS, *_MASS]
)
"""Every word of the lists, in every form."""

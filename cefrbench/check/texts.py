"""Texts that encoders are tried on. All are invented."""

from __future__ import annotations

#: Everyday texts of several lengths and languages, none longer than a short paragraph.
ORDINARY = (
    "My name is Tomas. I live in a small house near the river.",
    "Gestern bin ich mit dem Zug nach Bremen gefahren, weil meine Schwester Geburtstag hatte.",
    "Yes.",
    "Although the committee had promised an answer by spring, nobody wrote to us until the leaves "
    "were falling again; by then we had found another hall, painted it, and held two concerts.",
    "Il mercato apre alle sette. Compro sempre le mele e un po' di formaggio.",
    "Minulý týden jsme šli do kina, ale film nebyl moc dobrý.",
    "I am like to go in the beach when is sunny and my friends they comes too.",
    "Mul on kaks venda ja üks kass.",
)

#: Texts that a careless tokenizer or model stumbles over, by what is hard about them.
HARD = {
    "emoji": "Party tonight 🎉🎉 bring your 👩🏽‍🚀 costume 🇪🇪!",
    "right-to-left": "ذهبت إلى المدرسة يوم الأحد، וגם אחי הלך איתי.",
    "combining characters": "Zu\u0308rich, cafe\u0301, Z\u0351\u036ba\u0327\u0310lgo\u0300\u0301",
    "unspaced script": "昨日は友達と図書館で勉強しました。",
    "one character": "x",
    "one long word": "ba" * 400,
    "control characters": "first\u0000second\u200bthird\ufeff\tfourth\r\nfifth",
}
EMPTY = {"empty text": "", "white space": " \n\t "}

#: The invented words that the long text is made of.
_WORDS = ("the", "old", "ferry", "brings", "letters", "apples", "and", "tired", "people", "home")
LONG = " ".join(_WORDS[(7 * i + i // len(_WORDS)) % len(_WORDS)] for i in range(10_000))
#: Long enough that every sensible limit on length cuts something off.
MEDIUM = " ".join(LONG.split()[:80])

"""Whether a password or a secret is too easy to guess."""

import re
from collections.abc import Iterable

FEWEST_CHARACTERS = 6
"""So many different ones, at least."""
SHORTEST_WORD = 4
WELL_KNOWN = (
    *("password", "passw0rd", "passphrase", "matkhau", "changeme", "change", "replace", "secret"),
    *("default", "example", "admin", "administrator", "dispatcher", "dispatch", "technician"),
    *("welcome", "letmein", "iloveyou", "monkey", "dragon", "football", "vietnam", "hanoi"),
    *("qwertyuiop", "qwerty", "asdfghjkl", "asdfgh", "zxcvbnm", "zxcvbn", "1q2w3e4r", "abc123"),
    *("0123456789", "1234567890", "123456789", "12345678", "1234567", "123456", "12345", "1234"),
    *("987654321", "abcdefghij", "abcdefgh", "abcdef", "abcd", "development", "production"),
)


def weakness(text: str, shortest: int, known: Iterable[str] = ()) -> str | None:
    """What makes ``text`` easy to guess (None: nothing does).

    Without well-known words and those that are ``known`` of its owner, ``shortest`` characters
    have to be left.
    """
    if len(text) < shortest:
        return f"is shorter than {shortest} characters"
    folded = text.casefold()
    if len(set(folded)) < FEWEST_CHARACTERS:
        return f"has fewer than {FEWEST_CHARACTERS} different characters"
    if folded in (folded * 2)[1:-1]:
        return "repeats itself"
    owned = (word.casefold() for word in known if len(word) >= SHORTEST_WORD)
    words = sorted((*WELL_KNOWN, *owned), key=len, reverse=True)
    rest = re.sub("|".join(map(re.escape, words)), "", folded)
    if len(rest) < shortest and rest != folded:
        return f"has fewer than {shortest} characters besides words that everybody knows"
    return None

"""Numbers in sentences, as people say them."""


def counted(number: int, one: str, many: str = "", spec: str = "") -> str:
    """The number with its noun, such as "1 visit" and "2 visits"; ``many`` is the noun's plural if
    that is not ``one`` with an s. ``spec`` is how the number is written (``,``: by thousands)."""
    return f"{number:{spec}} {one if number == 1 else many or f'{one}s'}"


def ordinal(number: int) -> str:
    """Which one in a row, such as "1st", "2nd" and "11th"."""
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"

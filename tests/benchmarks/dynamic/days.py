"""A small day: two technicians, one depot, five requests, two of which come in during the day."""

from pathlib import Path

INSTANCE = """\
SMALL

INFO
CREW COUNT  SKILLS  TOOLS   SPARE PARTS
2      2       1       1

DEPOT TECHNICIANS AND REQUESTS
ID   X     Y     TWS    TWE    Serv   SKILLS   TOOLS    SPARE PARTS
0    10    0     0      400    0      [] 	[] 	[]
1    0     0     0      400    0      [0] 	[] 	[1]
2    30    0     0      400    0      [0,1] 	[0] 	[1]
3    5     0     0      300    10     [0] 	[] 	[1]
4    25    0     100    120    10     [1] 	[0] 	[0]
5    20    0     200    220    10     [0] 	[] 	[1]
6    8     0     250    300    10     [0] 	[] 	[1]
7    15    0     60     390    10     [1] 	[0] 	[2]
"""
RELEASES = """\
# Instance SMALL - 2 dynamic requests - 3 static requests
Dyn   Stat
2    3
ID    RD
3    -1
4    -1
5    150
6    40
7    -1
"""


def small_day(folder: Path) -> Path:
    """The folder, with the files of the day in it."""
    for name, text in (
        ("trsp/SMALL.txt", INSTANCE),
        ("dtrsp/SMALL_rd_40.txt", RELEASES),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder

"""The board over HTTP, as a file to take along."""

from datetime import date, timedelta
from io import BytesIO

import pytest
import time_machine
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from tests.api.conftest import at, faults

pytestmark = [
    pytest.mark.usefixtures("company"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def names_in(content: bytes) -> list[str]:
    return list(load_workbook(BytesIO(content)).sheetnames)


def test_the_days_come_as_a_workbook_under_their_names(client: TestClient, day: date) -> None:
    answer = client.get(f"/board/{day}.xlsx", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    assert answer.headers["content-disposition"] == f'attachment; filename="plan-{day}.xlsx"'
    assert "content-encoding" not in answer.headers
    several = client.get(f"/board/{day}.xlsx?days=7")
    last = day + timedelta(days=6)
    assert several.headers["content-disposition"].endswith(f'"plan-{day}-{last}.xlsx"')
    technicians = load_workbook(BytesIO(several.content)).worksheets[2]
    assert technicians.max_row == 1 + 2 * 7


def test_it_is_in_the_companys_language_if_no_other_is_asked_for(
    client: TestClient, day: date
) -> None:
    found = [
        names_in(client.get(f"/board/{day}.xlsx{asked}").content)[0]
        for asked in ("", "?language=vi", "?language=en")
    ]
    assert found == ["Tuyến", "Tuyến", "Routes"]


def test_languages_have_tags_of_their_own(client: TestClient, day: date) -> None:
    with time_machine.travel(at(day, "07:00"), tick=False):
        tags = {
            client.get(f"/board/{day}.xlsx?language={one}").headers["etag"] for one in ("vi", "en")
        }
    assert len(tags) == 2


@pytest.mark.parametrize(
    "asked",
    ["today.xlsx", "9999-12-31.xlsx", "2027-03-01.xlsx?days=15", "2027-03-01.xlsx?language=fr"],
)
def test_a_parameter_out_of_its_range_is_refused(client: TestClient, asked: str) -> None:
    answer = client.get(f"/board/{asked}")
    assert answer.status_code == 422
    assert faults(answer)

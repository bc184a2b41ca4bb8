"""Crews, order and keeping apart: links between jobs, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session, col, select

from dispatch.errors import Conflict, DispatchError, InvalidInput, NotFound
from dispatch.intake import JobChange, NewJob
from dispatch.jobs import crews, jobs
from dispatch.jobs.crews import JobRequest
from dispatch.jobs.details import JobOut
from dispatch.jobs.links import LINKS, JobLinkContent
from dispatch.models import Asset, IdempotencyKey, Job, JobStatus, LinkKind, LogEntry, Priority
from dispatch.settings import Settings
from solver.links import Person, Separation
from tests.dispatch.companies import SOON, add_company, site

WINDOW = {"starts_at": SOON.isoformat(), "ends_at": (SOON + timedelta(hours=4)).isoformat()}


@pytest.fixture(autouse=True)
def company(session: Session) -> None:
    add_company(session)
    session.add(site("S-2", "Anh Minh"))
    session.commit()


def request(session: Session, settings: Settings, **fields: Any) -> JobOut:
    base = {"site_id": "S-1", "title": "Lắp máy", "duration_minutes": 60}
    wanted = JobRequest.model_validate(base | fields)
    job, _ = crews.request_job(session, wanted, actor="lan", settings=settings)
    session.commit()
    return job


def job(session: Session, settings: Settings, id_: str, **fields: Any) -> JobOut:
    return request(session, settings, id=id_, **fields)


def link(session: Session, id_: str, kind: str, *job_ids: str, **fields: Any) -> None:
    content = JobLinkContent.model_validate({"kind": kind, "job_ids": [*job_ids], **fields})
    LINKS.put(session, id_, content, actor="lan")
    session.commit()


def codes(error: pytest.ExceptionInfo[DispatchError]) -> set[tuple[str, str]]:
    return {(fault.code, fault.where) for fault in error.value.faults}


def types(error: pytest.ExceptionInfo[ValidationError]) -> set[str]:
    return {one["type"] for one in error.value.errors()}


# A crew in one step


def test_each_place_of_a_crew_becomes_a_job_and_one_link_holds_them_together(
    session: Session, settings: Settings
) -> None:
    made = request(
        session,
        settings,
        id="WO-1",
        priority="high",
        windows=[WINDOW],
        skills=[{"skill_id": "gas", "level": 2}],
        crew=[{"title": "Phụ lắp", "skills": [{"skill_id": "electric"}]}, {"duration_minutes": 30}],
    )
    second, third = (jobs.read_job(session, id_) for id_ in ("WO-1.2", "WO-1.3"))
    assert [one.title for one in (made, second, third)] == ["Lắp máy", "Phụ lắp", "Lắp máy"]
    assert [one.duration_minutes for one in (made, second, third)] == [60, 60, 30]
    assert {one.priority for one in (made, second, third)} == {Priority.HIGH}
    assert made.windows == second.windows == third.windows
    assert [skill.skill_id for skill in second.skills] == ["electric"]
    assert third.skills == []
    [crew] = made.links
    assert (crew.kind, crew.job_ids) == (LinkKind.TOGETHER, ["WO-1", "WO-1.2", "WO-1.3"])
    assert second.links == third.links == [crew]


def test_a_crew_at_a_new_site_is_at_one_site(session: Session, settings: Settings) -> None:
    new = {"name": "Chị Hoa", "address": "1 Phố Huế", "latitude": 21.01, "longitude": 105.85}
    made = request(session, settings, id="WO-1", site_id=None, site=new, crew=[{}])
    assert jobs.read_job(session, "WO-1.2").site_id == made.site_id


def test_what_it_comes_after_is_said_in_the_same_step(session: Session, settings: Settings) -> None:
    job(session, settings, "FIRST")
    after = [{"job_id": "FIRST", "least_minutes": 1440, "person": "same"}]
    made = request(session, settings, id="WO-1", after=after)
    [found] = made.links
    assert (found.kind, found.job_ids) == (LinkKind.AFTER, ["FIRST", "WO-1"])
    assert (found.least_minutes, found.most_minutes, found.person) == (1440, None, Person.SAME)


def test_a_long_job_becomes_a_job_for_each_stretch_and_is_itself_the_last(
    session: Session, settings: Settings
) -> None:
    job(session, settings, "FIRST")
    made = request(
        session,
        settings,
        id="WO-1",
        duration_minutes=1000,
        longest_stretch_minutes=480,
        due_at=SOON.isoformat(),
        parts=[{"part_id": "CAP-35UF", "quantity": 2}],
        skills=[{"skill_id": "gas", "level": 2}],
        after=[{"job_id": "FIRST"}],
    )
    stretches = [*(jobs.read_job(session, id_) for id_ in ("WO-1-1", "WO-1-2")), made]
    assert [one.duration_minutes for one in stretches] == [334, 333, 333]
    assert [len(one.parts) for one in stretches] == [1, 0, 0]
    assert [one.due_at is not None for one in stretches] == [False, False, True]
    assert {skill.skill_id for one in stretches for skill in one.skills} == {"gas"}
    links = {tuple(link.job_ids): link.person for one in stretches for link in one.links}
    assert links == {
        ("FIRST", "WO-1-1"): Person.ANY,
        ("WO-1-1", "WO-1-2"): Person.SAME,
        ("WO-1-2", "WO-1"): Person.SAME,
    }


def test_at_each_stretch_there_is_a_crew_of_the_same_technicians(
    session: Session, settings: Settings
) -> None:
    new = {"name": "Chị Hoa", "address": "1 Phố Huế", "latitude": 21.01, "longitude": 105.85}
    made = request(
        session,
        settings,
        id="WO-1",
        site_id=None,
        site=new,
        duration_minutes=2880,
        longest_stretch_minutes=1440,
        crew=[{"duration_minutes": 601}, {"id": "HELP"}],
    )
    names = ["WO-1-1.2", "HELP-1", "WO-1.2", "HELP"]
    others = [jobs.read_job(session, id_) for id_ in names]
    assert [one.duration_minutes for one in others] == [301, 1440, 300, 1440]
    assert {one.site_id for one in others} == {made.site_id}
    links = {tuple(link.job_ids) for one in (made, *others) for link in one.links}
    assert links == {
        ("HELP-1", "WO-1-1", "WO-1-1.2"),
        ("HELP", "WO-1", "WO-1.2"),
        ("WO-1-1", "WO-1"),
        ("WO-1-1.2", "WO-1.2"),
        ("HELP-1", "HELP"),
    }


@pytest.mark.parametrize(
    ("minutes", "longest", "fault"),
    [
        (1441, None, {"too_long_at_once"}),
        (1440, None, set()),
        (600, 60, set()),
        (601, 60, {"too_many_stretches"}),
        (14400, 1440, set()),
        (14401, 1440, {"less_than_equal"}),
    ],
)
def test_nobody_works_for_more_than_a_day_or_in_more_than_ten_stretches(
    minutes: int, longest: int | None, fault: set[str]
) -> None:
    fields = {"duration_minutes": minutes, "longest_stretch_minutes": longest}
    wanted = {"site_id": "S-1", "title": "Đại tu", **fields}
    try:
        JobRequest.model_validate(wanted)
        found = set()
    except ValidationError as error:
        found = {one["type"] for one in error.errors()}
    assert found == fault


def test_a_request_that_is_sent_again_makes_nothing_twice(
    session: Session, settings: Settings
) -> None:
    session.add(Asset(id="A-1", site_id="S-1", name="Máy lọc", model="X"))
    job(session, settings, "FIRST", asset_id="A-1")
    session.get_one(Job, "FIRST").status = JobStatus.CANNOT_COMPLETE
    wanted = JobRequest.model_validate(
        {
            "site_id": "S-1",
            "title": "Đại tu",
            "duration_minutes": 600,
            "longest_stretch_minutes": 300,
            "follow_up_of": "FIRST",
        }
    )
    made = [
        crews.request_job(session, wanted, actor="lan", settings=settings, key="once")
        for _ in range(2)
    ]
    assert [is_new for _, is_new in made] == [True, False]
    assert made[0][0].id == made[1][0].id
    assert made[0][0].asset_id == "A-1"
    assert len(session.exec(select(Job)).all()) == 3


def test_stretches_of_a_job_with_the_longest_id_have_ids_that_can_be_asked_for(
    session: Session, settings: Settings
) -> None:
    fields = {"id": "W" * 40, "duration_minutes": 120, "longest_stretch_minutes": 60}
    made = request(session, settings, **fields, crew=[{"id": "H" * 40}])
    names = session.exec(select(Job.id)).all()
    assert len(names) == 4
    assert {made.id, "H" * 40} < {*names}
    assert max(map(len, names)) == 40


def test_what_was_sent_before_windows_had_prices_is_the_same_when_it_is_sent_again(
    session: Session, settings: Settings
) -> None:
    job(session, settings, "J-1")
    then = "7b42c895d83656a31e3f51c36ea30a64429e055ff6c6ec9b63ffd4bde3222c8b"
    session.add(IdempotencyKey(actor="lan", key="once", body_hash=then, job_id="J-1"))
    window = {"starts_at": "2030-01-02T08:00:00+07:00", "ends_at": "2030-01-02T10:00:00+07:00"}
    fields = {"site_id": "S-1", "title": "Bảo trì", "duration_minutes": 30, "windows": [window]}
    again = JobRequest.model_validate({"id": "J-1"} | fields)
    found = crews.request_job(session, again, actor="lan", settings=settings, key="once")
    assert (found[0].id, found[1]) == ("J-1", False)


def test_every_fault_of_a_crew_is_told_at_once_and_nothing_is_made(
    session: Session, settings: Settings
) -> None:
    with pytest.raises(InvalidInput) as error:
        request(
            session,
            settings,
            id="WO-1",
            parts=[{"part_id": "NONE"}],
            crew=[{"tools": ["NONE"]}, {"allowed": ["T-1"], "forbidden": ["T-1"]}],
            after=[{"job_id": "NONE"}],
        )
    session.rollback()
    assert codes(error) == {
        ("unknown_reference", "parts"),
        ("unknown_reference", "crew.0.tools"),
        ("contradicting_wishes", "crew.1.forbidden"),
        ("unknown_reference", "after.0.job_id"),
    }
    assert session.get(Job, "WO-1") is None


def test_a_key_sent_again_makes_no_second_crew(session: Session, settings: Settings) -> None:
    wanted = JobRequest.model_validate(
        {"site_id": "S-1", "title": "x", "duration_minutes": 30, "crew": [{}]}
    )
    made = [
        crews.request_job(session, wanted, actor="lan", settings=settings, key="k")
        for _ in range(2)
    ]
    assert [is_new for _, is_new in made] == [True, False]
    assert len(session.exec(select(Job)).all()) == 2
    other = wanted.model_copy(update={"crew": []})
    with pytest.raises(Conflict):
        crews.request_job(session, other, actor="lan", settings=settings, key="k")


def test_a_key_from_before_there_were_crews_still_holds(
    session: Session, settings: Settings
) -> None:
    plain = NewJob.model_validate({"site_id": "S-1", "title": "x", "duration_minutes": 30})
    made, _ = jobs.create_job(session, plain, actor="lan", settings=settings, key="k")
    again = JobRequest.model_validate(plain.model_dump())
    same, is_new = crews.request_job(session, again, actor="lan", settings=settings, key="k")
    assert (same.id, is_new) == (made.id, False)


# What is said of one is said of all


def test_when_and_how_urgent_changes_for_the_whole_crew(
    session: Session, settings: Settings
) -> None:
    job(session, settings, "WO-1", crew=[{}])
    change = JobChange.model_validate(
        {"priority": "urgent", "windows": [WINDOW], "title": "Only this one"}
    )
    crews.change_job_of_crew(session, "WO-1.2", change, actor="lan", settings=settings)
    first, second = (jobs.read_job(session, id_) for id_ in ("WO-1", "WO-1.2"))
    assert first.priority == second.priority == Priority.URGENT
    assert first.windows == second.windows != []
    assert (first.title, second.title) == ("Lắp máy", "Only this one")


def test_a_crew_is_on_hold_as_a_whole(session: Session, settings: Settings) -> None:
    job(session, settings, "WO-1", crew=[{}])
    change = JobChange(hold_reason="waits for the crane")
    crews.change_job_of_crew(session, "WO-1", change, actor="lan", settings=settings)
    assert jobs.read_job(session, "WO-1.2").status == JobStatus.ON_HOLD


def test_one_place_is_cancelled_alone_or_with_the_whole_crew(
    session: Session, settings: Settings
) -> None:
    for id_ in ("WO-1", "WO-2"):
        job(session, settings, id_, crew=[{}])
    crews.cancel_job_of_crew(session, "WO-1", actor="lan")
    crews.cancel_job_of_crew(session, "WO-2.2", actor="lan", whole_crew=True)
    left = session.exec(select(Job.id).where(Job.status == JobStatus.OPEN)).all()
    assert left == ["WO-1.2"]


def test_a_change_that_contradicts_links_is_refused(session: Session, settings: Settings) -> None:
    job(session, settings, "WO-1", pinned_technician_id="T-1", crew=[{}])
    change = JobChange(pinned_technician_id="T-1")
    with pytest.raises(InvalidInput) as error:
        crews.change_job_of_crew(session, "WO-1.2", change, actor="lan", settings=settings)
    assert codes(error) == {("links_contradict", "job_ids")}


# Links between jobs that are there


def test_a_link_says_all_that_it_means(session: Session, settings: Settings) -> None:
    for id_ in ("A", "B", "C"):
        job(session, settings, id_)
    link(session, "L1", "after", "B", "A")
    link(session, "L2", "apart", "C", "A")
    first, second = LINKS.read(session, "L1"), LINKS.read(session, "L2")
    assert (first.job_ids, first.least_minutes, first.person) == (["B", "A"], 0, Person.ANY)
    assert (second.job_ids, second.by) == (["A", "C"], Separation.TECHNICIAN)
    assert [one.id for one in jobs.read_job(session, "A").links] == ["L1", "L2"]
    page, _ = LINKS.page(session, None, 50, job_id="C")
    assert [one.id for one in page] == ["L2"]


def test_a_link_changes_the_jobs_that_it_is_shown_with(
    session: Session, settings: Settings
) -> None:
    for id_ in ("A", "B", "C"):
        job(session, settings, id_)
    link(session, "L1", "apart", "A", "B")
    link(session, "L1", "apart", "A", "B")
    assert [jobs.read_job(session, id_).revision for id_ in "ABC"] == [2, 2, 1]
    link(session, "L1", "apart", "A", "C")
    assert [jobs.read_job(session, id_).revision for id_ in "ABC"] == [3, 3, 2]
    LINKS.remove(session, "L1", actor="lan")
    assert [jobs.read_job(session, id_).revision for id_ in "ABC"] == [4, 3, 3]
    assert jobs.read_job(session, "A").links == []
    with pytest.raises(NotFound):
        LINKS.read(session, "L1")
    entries = session.exec(
        select(LogEntry).where(LogEntry.entity == "job_link").order_by(col(LogEntry.id))
    ).all()
    assert [entry.action for entry in entries] == ["put", "put", "remove"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "after", "job_ids": ["A", "B", "C"]}, "two_jobs"),
        ({"kind": "together", "job_ids": ["A"]}, "too_short"),
        ({"kind": "together", "job_ids": ["A", "A"]}, "duplicate"),
        ({"kind": "together", "job_ids": ["A", "B"], "person": "same"}, "not_of_this_kind"),
        ({"kind": "after", "job_ids": ["A", "B"], "by": "day"}, "not_of_this_kind"),
        (
            {"kind": "after", "job_ids": ["A", "B"], "least_minutes": 9, "most_minutes": 8},
            "least_above_most",
        ),
        ({"kind": "near", "job_ids": ["A", "B"]}, "enum"),
    ],
)
def test_a_link_that_means_nothing_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as error:
        JobLinkContent.model_validate(fields)
    assert types(error) == {code}


def test_a_crew_has_one_site_priority_due_time_and_windows(
    session: Session, settings: Settings
) -> None:
    job(session, settings, "A")
    job(session, settings, "B", site_id="S-2", priority="low", due_at=SOON, windows=[WINDOW])
    with pytest.raises(InvalidInput) as error:
        link(session, "L", "together", "A", "B")
    assert codes(error) == {("crew_differs", "job_ids")}
    assert len(error.value.faults) == 4


def test_nobody_is_in_two_crews(session: Session, settings: Settings) -> None:
    for id_ in "ABC":
        job(session, settings, id_)
    link(session, "L1", "together", "A", "B")
    with pytest.raises(InvalidInput) as error:
        link(session, "L2", "together", "B", "C")
    assert codes(error) == {("two_crews", "job_ids")}


def test_jobs_that_nobody_knows_are_told(session: Session, settings: Settings) -> None:
    job(session, settings, "A")
    with pytest.raises(InvalidInput) as error:
        link(session, "L", "after", "A", "GHOST")
    assert codes(error) == {("unknown_reference", "job_ids")}


def test_no_job_comes_after_itself_by_a_detour(session: Session, settings: Settings) -> None:
    for id_ in "ABC":
        job(session, settings, id_)
    link(session, "L1", "after", "A", "B")
    link(session, "L2", "after", "B", "C")
    with pytest.raises(InvalidInput) as error:
        link(session, "L3", "after", "C", "A")
    assert codes(error) == {("links_contradict", "job_ids")}


def test_a_crew_is_not_made_of_one_person(session: Session, settings: Settings) -> None:
    for id_ in "ABC":
        job(session, settings, id_)
    link(session, "L1", "after", "A", "B", person="same")
    link(session, "L2", "after", "A", "C", person="same")
    with pytest.raises(InvalidInput) as error:
        link(session, "L3", "together", "B", "C")
    assert codes(error) == {("links_contradict", "job_ids")}


def test_what_is_over_contradicts_nothing(session: Session, settings: Settings) -> None:
    for id_ in "ABC":
        job(session, settings, id_)
    link(session, "L1", "after", "A", "B")
    link(session, "L2", "after", "B", "C")
    jobs.cancel_job(session, "B", actor="lan")
    link(session, "L3", "after", "C", "A")
    assert LINKS.read(session, "L3").job_ids == ["C", "A"]


def test_a_circle_is_found_though_the_links_that_close_it_have_no_job_in_common(
    session: Session, settings: Settings
) -> None:
    for id_ in "ABCD":
        job(session, settings, id_)
    link(session, "L1", "after", "A", "B")
    link(session, "L2", "after", "C", "D")
    link(session, "L3", "after", "B", "C")
    with pytest.raises(InvalidInput):
        link(session, "L4", "after", "D", "A")

"""Alerts as they arrive and the day's figures, in the board's side panel."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import DAY, MOMENT, Service, Windows
from tests.pages.dispatching import shown


@pytest.fixture
def device(service: Service) -> str:
    """A watched cold room at a customer's."""
    job = next(iter(service.get(f"/board/{DAY}")["jobs"].values()))
    asset = {"site_id": job["site_id"], "name": "Kho lạnh tầng hầm", "model": "RX-700"}
    assert service.api.put("/assets/A-1", json=asset).is_success
    assert service.api.put("/devices/D-1", json={"asset_id": "A-1"}).is_success
    return "D-1"


def send(service: Service, device: str, **more: Any) -> None:
    alert = {
        "id": "sen-1",
        "device": device,
        "type": "temperature.high",
        "severity": "critical",
        "at": MOMENT.isoformat(),
        "readings": {"celsius": -3.5},
        "message": "Kho lạnh: <b>-3,5 °C</b>, ngưỡng -15 °C",
    }
    service.post("/alerts", {**alert, **more})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_alert_is_there_as_it_arrives_and_is_acknowledged(
    page_as: Windows,
    service: Service,
    device: str,
    accessible: Callable[[Page], None],
    scheme: str,
) -> None:
    page = shown(page_as("dispatcher", color_scheme=scheme))
    page.get_by_role("tab", name="Cảnh báo").click()
    panel = page.get_by_role("tabpanel", name="Cảnh báo")
    expect(panel).to_contain_text("Không có cảnh báo nào.")
    send(service, device)
    card = panel.locator(".alert-card")
    expect(card).to_contain_text("Nguy cấp")
    # What a device says is never markup.
    expect(card).to_contain_text("Kho lạnh: <b>-3,5 °C</b>")
    expect(card).to_contain_text("Kho lạnh tầng hầm")
    expect(page.locator(".toast", has_text="Nguy cấp")).to_be_visible()
    accessible(page)
    card.get_by_role("button", name="Đã xem").click()
    expect(card).to_contain_text("đã xem")
    [alert] = service.get("/alerts")["alerts"]
    assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "dispatcher")


def test_an_alert_that_became_a_job_leads_to_it(
    page_as: Windows, service: Service, device: str
) -> None:
    template = {"title": "Kho lạnh quá nóng", "duration_minutes": 45}
    rule = {"position": 1, "name": "Nóng", "type_pattern": "temp*", "template_id": "cold"}
    assert service.api.put("/job-templates/cold", json=template).is_success
    answer = service.api.put("/alert-rules/hot", json=rule)
    assert answer.is_success, answer.text
    send(service, device)
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("tab", name="Alerts").click()
    card = page.locator(".alert-card")
    expect(card).to_contain_text("Became a job:")
    card.locator(".link").click()
    expect(page.locator("#panel-job .details-title")).to_contain_text("Kho lạnh quá nóng")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("language", "tab", "done"), [("vi", "Số liệu", "Xong"), ("en", "Figures", "Done")]
)
def test_the_figures_are_those_of_the_day(
    page_as: Windows,
    service: Service,
    accessible: Callable[[Page], None],
    language: str,
    tab: str,
    done: str,
    scheme: str,
) -> None:
    figures = service.get(f"/board/{DAY}")["figures"]
    page = shown(page_as("dispatcher", language=language, color_scheme=scheme))
    page.get_by_role("tab", name=tab).click()
    panel = page.get_by_role("tabpanel", name=tab)
    tile = panel.locator(".tile", has_text=done).first
    expect(tile).to_contain_text(str(figures["done"]))
    expect(panel.locator(".tile", has_text=f"{figures['visits']}").first).to_be_visible()
    chart = panel.locator("figure svg[role=img]").first
    assert str(figures["visits"]) in str(chart.get_attribute("aria-label"))
    expect(panel.locator(".chart .late").first).to_be_visible()
    expect(panel.locator(".bars li").first).to_contain_text("%")
    accessible(page)

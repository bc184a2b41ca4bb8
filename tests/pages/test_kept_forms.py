"""Forms that are half filled in when the tab is lost: there again, for the same person only."""

from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import Service, Windows
from tests.pages.dispatching import open_details, planned, shown
from tests.pages.phones import main_button, open_phone, shown_job, tap_again

OFFER = "Bạn đã điền dở mục này"
KEPT = "Object.keys(sessionStorage).filter((key) => key.startsWith('form/'))"


def lose_tab(page: Page) -> None:
    """A tab that crashed is loaded anew; nobody has closed anything."""
    page.reload()
    shown(page)


def new_job(page: Page) -> Locator:
    page.locator("#new-job").click()
    return page.get_by_role("dialog", name="Việc mới")


def test_a_new_job_that_was_half_filled_in_is_offered_again(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", expected=["answered 422: POST /jobs"]))
    form = new_job(page)
    site = form.get_by_role("combobox", name="Khách hàng, địa điểm")
    site.fill("mua thu")
    expect(form.get_by_role("option").first).to_contain_text("Mùa Thu")
    site.press("ArrowDown")
    site.press("Enter")
    name = site.input_value()
    form.get_by_label("Nội dung công việc").fill("Bơm kêu to")
    form.get_by_role("button", name="Thêm khung giờ").click()
    form.get_by_label("Từ", exact=True).fill("09:30")
    lose_tab(page)
    form = new_job(page)
    expect(form.get_by_text(OFFER)).to_be_visible()
    expect(form.get_by_label("Nội dung công việc")).to_have_value("")
    form.get_by_role("button", name="Điền tiếp").click()
    expect(form.get_by_text(OFFER)).to_have_count(0)
    expect(form.get_by_label("Nội dung công việc")).to_have_value("Bơm kêu to")
    expect(form.get_by_label("Từ", exact=True)).to_have_value("09:30")
    expect(form.get_by_role("combobox", name="Khách hàng, địa điểm")).to_have_value(name)
    form.get_by_role("button", name="Tạo và tìm chỗ").click()
    # The half of a time window is refused, and what stands in the form is as it was.
    expect(form.get_by_label("Nội dung công việc")).to_have_value("Bơm kêu to")
    page.keyboard.press("Escape")
    assert page.evaluate(KEPT) == []
    expect(new_job(page).get_by_text(OFFER)).to_have_count(0)


def test_the_price_of_a_window_is_typed_in_and_told(page_as: Windows, service: Service) -> None:
    job_id, _, _ = next(planned(service))
    page = shown(page_as("dispatcher", language="en"))
    open_details(page, job_id).get_by_role("button", name="Edit…").click()
    form = page.get_by_role("dialog", name=job_id)
    if not service.get(f"/jobs/{job_id}")["windows"]:
        form.get_by_role("button", name="Add a window").click()
        form.get_by_label("From", exact=True).fill("08:00")
        form.get_by_label("To", exact=True).fill("17:00")
    form.get_by_label("Price").last.fill("50000")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    assert service.get(f"/jobs/{job_id}")["windows"][-1]["price"] == 50_000
    details = open_details(page, job_id)
    expect(details).to_contain_text("(price ₫50,000)")
    details.get_by_role("button", name="Edit…").click()
    expect(page.get_by_role("dialog", name=job_id).get_by_label("Price").last).to_have_value(
        "50000"
    )


def test_what_is_offered_again_may_be_discarded_and_stays_until_then(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.locator("#new-job").click()
    page.get_by_label("What is to be done").fill("Loud pump")
    for _ in range(2):
        lose_tab(page)
        page.locator("#new-job").click()
        expect(page.get_by_text("You had begun to fill this in")).to_be_visible()
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("What is to be done")).to_have_value("")
    assert page.evaluate(KEPT) == []


def test_a_job_that_is_changed_keeps_what_was_typed_and_no_more(
    page_as: Windows, service: Service
) -> None:
    page = shown(page_as("dispatcher"))
    job_id, _, _ = next(planned(service))

    def edit() -> Locator:
        open_details(page, job_id).get_by_role("button", name="Sửa…").click()
        return page.get_by_role("dialog")

    form = edit()
    form.get_by_label("Nội dung công việc").fill("Đã sửa dở")
    [kept] = page.evaluate(f"{KEPT}.map((key) => sessionStorage.getItem(key))")
    assert '"content":{"title":"Đã sửa dở"}' in kept
    lose_tab(page)
    form = edit()
    form.get_by_role("button", name="Điền tiếp").click()
    form.get_by_role("button", name="Lưu").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert service.get(f"/jobs/{job_id}")["title"] == "Đã sửa dở"
    assert page.evaluate(KEPT) == []


def test_nobody_is_offered_what_somebody_else_has_typed(page_as: Windows) -> None:
    # What the board still asks for while somebody signs out may come after they are out.
    page = shown(page_as("dispatcher", expected=["answered 401: GET "]))
    new_job(page).get_by_label("Nội dung công việc").fill("Bơm kêu to")
    [key] = page.evaluate(KEPT)
    # As somebody else has left it in this tab.
    page.evaluate(
        """([mine, theirs]) => {
          sessionStorage.setItem(theirs, sessionStorage.getItem(mine));
          sessionStorage.removeItem(mine);
        }""",
        [key, f"form/somebody-else/{key.split('/', 2)[2]}"],
    )
    lose_tab(page)
    expect(new_job(page).get_by_text(OFFER)).to_have_count(0)
    page.keyboard.press("Escape")
    page.locator("#sign-out").click()
    page.wait_for_url("**/sign-in*")
    assert page.evaluate(KEPT) == []


def test_a_report_that_was_half_written_is_offered_again_on_the_phone(page_as: Windows) -> None:
    page = open_phone(page_as)
    job_id = shown_job(page)
    tap_again(page, "Không làm được")
    page.get_by_label("Khách vắng nhà").check()
    page.get_by_role("dialog").locator("textarea").fill("Đã gọi hai lần")
    page.reload()
    expect(main_button(page)).to_be_visible()
    assert shown_job(page) == job_id
    tap_again(page, "Không làm được")
    page.get_by_role("button", name="Điền tiếp").click()
    expect(page.get_by_role("dialog").locator("textarea")).to_have_value("Đã gọi hai lần")
    expect(page.get_by_label("Khách vắng nhà")).to_be_checked()

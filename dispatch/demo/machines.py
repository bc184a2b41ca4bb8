"""What lets the demo company's machines call for help: devices that watch them, and rules."""

from sqlmodel import Session, exists, select

from dispatch.alerts.rules import RULES, TEMPLATES, RuleContent, TemplateContent
from dispatch.checklists import WantedReading
from dispatch.company.devices import DEVICES, DeviceContent
from dispatch.intake import SkillLevel
from dispatch.models import Asset, Device, Priority, Severity, Skill

BY_SEVERITY = {
    Severity.CRITICAL: Priority.EMERGENCY,
    Severity.MAJOR: Priority.URGENT,
    Severity.MINOR: Priority.HIGH,
}
SKILL_OF = {
    "Điều hòa": "air-conditioning",
    "Tủ lạnh": "refrigeration",
    "Máy giặt": "laundry",
    "Máy lọc nước": "water-filters",
    "Bình nóng lạnh": "water-heaters",
    "Máy pha cà phê": "coffee-machines",
    "Máy bán hàng tự động": "vending-machines",
    "Thiết bị y tế": "medical-devices",
}
"""Of machines by their names."""
NAME_OF = {skill: f"Sửa {name.lower()}" for name, skill in SKILL_OF.items()}
"""Of the work on them."""
OFF, ON = "Ngắt điện trước khi mở máy", "Chạy thử và báo khách kết quả"
CHECKLIST_OF = {
    "air-conditioning": [OFF, "Vệ sinh lưới lọc và dàn lạnh", "Thông đường nước xả", ON],
    "refrigeration": [OFF, "Kiểm tra gioăng cửa", "Vệ sinh dàn nóng", ON],
    "laundry": [OFF, "Khóa van nước", "Kiểm tra ống cấp và ống xả", ON],
    "water-filters": ["Khóa van nước", "Xả bỏ nước đầu", "Kiểm tra rò rỉ", ON],
    "water-heaters": [OFF, "Kiểm tra thanh magie", "Thử cầu dao chống giật", ON],
}
"""What is ticked off at the end, by the skill that the work takes."""
READINGS_OF = {
    "air-conditioning": [
        WantedReading(name="Áp suất gas", unit="psi", least=110, most=150),
        WantedReading(name="Dòng điện", unit="A", most=12),
    ],
    "refrigeration": [WantedReading(name="Nhiệt độ ngăn mát", unit="°C", least=2, most=8)],
    "water-filters": [WantedReading(name="TDS nước ra", unit="ppm", most=50)],
    "water-heaters": [WantedReading(name="Nhiệt độ nước", unit="°C", least=50, most=75)],
}
"""What is measured."""


def watch_machines(session: Session, *, actor: str) -> None:
    """Give every asset a device of the same id, and every kind of machine a rule that makes an
    urgent job of its alerts. A company that has devices is left alone."""
    if session.exec(select(exists(select(Device)))).one():
        return
    models: dict[str, str] = {}
    for asset in session.exec(select(Asset).order_by(Asset.id)).all():
        DEVICES.put(session, asset.id, DeviceContent(asset_id=asset.id), actor=actor)
        skill = SKILL_OF.get(asset.name)
        if skill is not None and asset.model is not None:
            models[asset.model] = skill
    known = set(session.exec(select(Skill.id)).all())
    for position, (model, skill) in enumerate(sorted(models.items()), start=1):
        if skill not in known:
            continue
        template = TemplateContent(
            name=NAME_OF.get(skill),
            title="{asset}: {message}",
            skills=[SkillLevel(skill_id=skill)],
            checklist=CHECKLIST_OF.get(skill, [OFF, ON]),
            readings=READINGS_OF.get(skill, []),
            duration_minutes=45,
            priorities=BY_SEVERITY,
            due_within_hours=6,
        )
        TEMPLATES.put(session, skill, template, actor=actor)
        rule = RuleContent(
            position=10 * position,
            name=f"{model}: {skill}",
            least_severity=Severity.MINOR,
            model_pattern=model,
            template_id=skill,
            flood_minutes=240,
            withdraw=True,
        )
        RULES.put(session, model, rule, actor=actor)

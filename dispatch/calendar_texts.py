"""What stands in calendars besides what people have entered, in the languages of the pages."""

from collections.abc import Mapping
from typing import Literal

Language = Literal["vi", "en"]

TEXTS: Mapping[Language, Mapping[str, str]] = {
    "vi": {
        "break": "Nghỉ",
        "depot": "Lấy hàng ở kho",
        "cancelled": "Đã huỷ: {title}",
        "job": "Công việc: {id}",
        "phone": "Điện thoại: {number}",
        "task": "Cần làm: {title} – {machine}",
        "skills": "Chuyên môn: {names}",
        "parts": "Vật tư: {names}",
        "tools": "Dụng cụ: {names}",
        "arrival": "Tới nơi: {time}",
    },
    "en": {
        "break": "Break",
        "depot": "Pick up parts",
        "cancelled": "Called off: {title}",
        "job": "Job: {id}",
        "phone": "Phone: {number}",
        "task": "Task: {title} – {machine}",
        "skills": "Skills: {names}",
        "parts": "Parts: {names}",
        "tools": "Tools: {names}",
        "arrival": "Arrival: {time}",
    },
}

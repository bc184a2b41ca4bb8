"""What columns of files, and sheets of workbooks, may be called besides their own names.

In Vietnamese and in English. Capitals, accents, spaces and other signs do not matter; each name
stands for one column of a file only (docs/csv.md lists them all).
"""

from collections.abc import Mapping

OF_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("Mã", "Mã số", "Code"),
    "name": ("Tên", "Tên gọi", "Họ tên", "Họ và tên", "Full name"),
    "address": ("Địa chỉ",),
    "latitude": ("Vĩ độ", "Lat"),
    "longitude": ("Kinh độ", "Lng", "Lon", "Long"),
    "territory": ("Khu vực", "Vùng", "Area", "Region"),
    "phone": ("Điện thoại", "Số điện thoại", "SĐT", "ĐT", "Telephone", "Phone number", "Mobile"),
    "access_minutes": ("Phút vào cửa", "Thời gian vào cửa (phút)", "Access (minutes)"),
    "site_id": ("Mã địa điểm", "Mã khách hàng", "Mã KH", "Site", "Customer id", "Customer"),
    "weekday": ("Thứ", "Ngày trong tuần", "Day", "Day of week"),
    "opens": ("Mở cửa", "Giờ mở cửa", "Open", "Opens at"),
    "closes": ("Đóng cửa", "Giờ đóng cửa", "Close", "Closes at"),
    "model": ("Kiểu máy", "Mẫu máy", "Model máy"),
    "serial_number": ("Số máy", "Số sê-ri", "Số seri", "Serial", "Serial no"),
    "handling_minutes": ("Phút lấy hàng", "Thời gian lấy hàng (phút)", "Handling (minutes)"),
    "tools": ("Dụng cụ", "Đồ nghề"),
    "depot_id": ("Mã kho", "Kho", "Depot"),
    "part_id": ("Mã vật tư", "Mã phụ tùng", "Vật tư", "Phụ tùng", "Part"),
    "quantity": ("Số lượng", "SL", "Qty"),
    "active": ("Đang làm việc", "Hoạt động", "Còn làm", "Is active"),
    "territories": ("Khu vực", "Các khu vực", "Vùng", "Areas", "Regions"),
    "skills": ("Kỹ năng", "Tay nghề"),
    "pace_percent": ("Phần trăm thời gian", "Thời gian (%)", "Pace (%)"),
    "max_visits": ("Số lượt tối đa", "Số việc tối đa", "Most visits"),
    "max_travel_minutes": ("Phút đi đường tối đa", "Max travel (minutes)"),
    "max_distance_km": ("Km tối đa", "Quãng đường tối đa (km)", "Max distance (km)"),
    "cost_per_hour": ("Chi phí mỗi giờ", "Tiền công giờ", "Hourly cost"),
    "cost_per_km": ("Chi phí mỗi km", "Cost per kilometre"),
    "technician_id": ("Mã kỹ thuật viên", "Mã KTV", "Kỹ thuật viên", "KTV", "Technician"),
    "starts": ("Bắt đầu", "Giờ bắt đầu", "Từ giờ", "Start", "From"),
    "ends": ("Kết thúc", "Giờ kết thúc", "Đến giờ", "End", "To"),
    "max_overtime_minutes": ("Phút tăng ca tối đa", "Tăng ca tối đa (phút)", "Overtime (minutes)"),
    "earliest": ("Sớm nhất", "Từ giờ", "From"),
    "latest": ("Muộn nhất", "Trễ nhất", "To"),
    "minutes": ("Số phút", "Phút"),
    "starts_at": ("Bắt đầu", "Bắt đầu lúc", "Từ ngày", "Start", "From"),
    "ends_at": ("Kết thúc", "Kết thúc lúc", "Đến ngày", "End", "To"),
    "reason": ("Lý do",),
    "title": ("Tiêu đề", "Tên việc", "Nội dung việc", "Job title"),
    "status": ("Trạng thái", "Tình trạng", "State"),
    "hold_reason": ("Lý do tạm hoãn", "Reason for holding"),
    "priority": ("Ưu tiên", "Mức ưu tiên", "Độ ưu tiên"),
    "duration_minutes": ("Thời lượng (phút)", "Số phút", "Duration", "Duration (minutes)"),
    "due_at": ("Hạn", "Hạn chót", "Hạn xử lý", "Due", "Due date", "Deadline"),
    "told_at": ("Báo lúc", "Ngày báo", "Told", "Reported at"),
    "windows": ("Khung giờ", "Giờ hẹn", "Time windows"),
    "parts": ("Vật tư", "Phụ tùng"),
    "preferred": ("Ưu tiên KTV", "KTV ưu tiên", "Preferred technicians"),
    "allowed": ("KTV được phép", "Chỉ KTV", "Allowed technicians"),
    "forbidden": ("KTV bị loại", "Trừ KTV", "Forbidden technicians"),
    "pinned_technician_id": ("Ghim KTV", "KTV đã ghim", "Pinned technician"),
    "pinned_start_at": ("Ghim giờ", "Giờ đã ghim", "Pinned start"),
    "asset_id": ("Mã máy", "Mã thiết bị", "Máy", "Thiết bị", "Asset", "Machine"),
    "contact_name": ("Người liên hệ", "Tên người liên hệ", "Contact"),
    "contact_phone": ("Điện thoại liên hệ", "SĐT liên hệ", "Contact telephone"),
    "note": ("Ghi chú", "Notes", "Remark"),
    "hold_until": ("Hoãn đến", "Tạm hoãn đến", "On hold until"),
    "kind": ("Loại", "Kiểu liên kết", "Type"),
    "job_ids": ("Các việc", "Mã các việc", "Jobs"),
    "least_minutes": ("Ít nhất (phút)", "Phút tối thiểu", "At least (minutes)"),
    "most_minutes": ("Nhiều nhất (phút)", "Phút tối đa", "At most (minutes)"),
    "person": ("Người làm", "Who"),
    "by": ("Theo", "Tách theo"),
    "from_place": ("Từ nơi", "Nơi đi", "From"),
    "to_place": ("Đến nơi", "Nơi đến", "To"),
    "seconds": ("Số giây", "Giây"),
    "metres": ("Số mét", "Mét", "Meters"),
}
OF_IDS: Mapping[str, tuple[str, ...]] = {
    "skills": ("Mã kỹ năng", "Skill id"),
    "parts": ("Mã vật tư", "Mã phụ tùng", "Part id", "Part number"),
    "tools": ("Mã dụng cụ", "Tool id"),
    "sites": ("Mã địa điểm", "Mã khách hàng", "Mã KH", "Site id", "Customer id"),
    "assets": ("Mã máy", "Mã thiết bị", "Asset id"),
    "depots": ("Mã kho", "Depot id"),
    "technicians": ("Mã kỹ thuật viên", "Mã KTV", "Mã nhân viên", "Technician id"),
    "absences": ("Mã lần nghỉ", "Absence id"),
    "jobs": ("Mã việc", "Mã công việc", "Job id", "Job number"),
    "job_links": ("Mã liên kết", "Link id"),
}
"""Of the column ``id``, by file."""
OF_NAMES: Mapping[str, tuple[str, ...]] = {
    "skills": ("Tên kỹ năng",),
    "parts": ("Tên vật tư", "Tên phụ tùng"),
    "tools": ("Tên dụng cụ",),
    "sites": ("Tên khách hàng", "Tên địa điểm", "Khách hàng", "Customer name", "Customer"),
    "assets": ("Tên máy", "Tên thiết bị"),
    "depots": ("Tên kho",),
    "technicians": ("Tên kỹ thuật viên", "Tên nhân viên", "Technician name"),
}
"""Of the column ``name``, by file."""
OF_SHEETS: Mapping[str, tuple[str, ...]] = {
    "skills": ("Kỹ năng",),
    "parts": ("Vật tư", "Phụ tùng"),
    "tools": ("Dụng cụ",),
    "sites": ("Địa điểm", "Khách hàng", "Customers"),
    "opening_hours": ("Giờ mở cửa",),
    "assets": ("Máy", "Thiết bị", "Machines"),
    "depots": ("Kho",),
    "depot_stock": ("Tồn kho",),
    "technicians": ("Kỹ thuật viên", "KTV"),
    "working_hours": ("Giờ làm việc", "Ca làm việc"),
    "breaks": ("Giờ nghỉ", "Nghỉ giữa ca"),
    "absences": ("Nghỉ phép", "Vắng mặt"),
    "van_stock": ("Vật tư trên xe",),
    "jobs": ("Công việc", "Việc"),
    "job_links": ("Liên kết", "Liên kết việc"),
    "travel_legs": ("Quãng đường", "Thời gian đi đường"),
}


def names_of(file: str, column: str) -> tuple[str, ...]:
    """What the column of the file (``sites``) may be called, its own name first."""
    more = {"id": OF_IDS, "name": OF_NAMES}.get(column, {})
    return (column, *OF_COLUMNS.get(column, ()), *more.get(file, ()))

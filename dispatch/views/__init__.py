"""What people look at: the board, a technician's day, calendars, issues, the past of a job."""

"""What people look at: the board, a technician's day, calendars, the past of a job."""

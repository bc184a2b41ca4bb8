"""Jobs, their pins, and wishes for a place in the plan in force."""

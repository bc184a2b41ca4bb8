"""Changes of the plan in force by hand: judged before they are made, offered, explained, undone."""

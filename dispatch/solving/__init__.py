"""Problems solved while somebody waits for it: they come in as they are and go out again, and the
database has no part in it."""

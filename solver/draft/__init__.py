"""A plan under construction: what else can be placed in it, with what has to be fetched for it."""

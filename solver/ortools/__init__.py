"""OR-Tools' routing library: the model of record, and an engine of its own."""

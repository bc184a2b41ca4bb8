"""Problems and plans in the JSON of VROOM 1.15, another solver (docs/coming-from-vroom.md)."""

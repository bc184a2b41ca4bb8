"""Why a visit is left out, and the least that would have to change."""

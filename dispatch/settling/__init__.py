"""What dispatchers have to decide now, each thing once, and what would settle it.

Nothing of it is stored: the facts are read from the rows and the plan in force, and issues follow
from the facts alone. So each ends by itself when its cause does.
"""

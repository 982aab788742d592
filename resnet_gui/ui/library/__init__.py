"""Many photos at once: a grid and a table, sorted and filtered, and what can be done with them."""

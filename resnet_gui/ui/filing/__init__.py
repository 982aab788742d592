"""Files that are copied, moved or linked as one batch, in the window: one place for all pages."""

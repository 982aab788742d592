"""The main window: menus, rail, pages."""

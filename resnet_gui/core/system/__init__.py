"""What the program needs of the computer: paths, settings, files and locks, devices, memory."""

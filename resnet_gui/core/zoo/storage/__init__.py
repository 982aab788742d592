"""What of the zoo lies on the disk: downloads, hashes, offline kits, imports, inventory."""

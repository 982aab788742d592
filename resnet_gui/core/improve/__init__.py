"""Make a labelled folder better: what a person decides about its photos, which of them look wrong,
which unlabelled ones to look at first, and filing what was decided."""

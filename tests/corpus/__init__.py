"""Hostile files for the real program: made from seeds, run in a child process, counted.

    images.py, names.py, models.py, runs.py, settings.py   the makers, one a kind of file
    child.py      what the program does with them, in a process of its own; reports case by case
    runner.py     makes the files, starts the child, ends it where it hangs or takes the memory
    test_corpus.py   nothing else may come out than an answer or an error of `core.errors`

A case is known by its kind, seed and number, and is the same file each time. To make one again,
to look at it, and to run it alone:

    python -m tests.corpus images --seed 1 --only 17 --keep FOLDER

`--count 5000` makes more of a kind; `--seed` others. RESNET_GUI_CORPUS_SEED changes the seed of the
tests. A case that failed once becomes a test of its own where the mended code is tested: the corpus
finds, it does not explain.
"""

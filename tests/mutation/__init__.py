"""Mutation testing: each small mistake that can be made mechanically in the mathematics, and what catches it.

A test suite is only as good as the mistakes that it notices. `operators` changes one operator, sign, number,
index, comparison or transpose at a time; `warm` runs the tests that reach the changed line in a forked child
of a process that has imported and collected all there is, so that a mutant costs a fraction of a second;
`fresh` runs what is executed only once, at import, in a process of its own. ``python tests/mutants.py`` is
the command.
"""

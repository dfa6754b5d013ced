"""The conformance kit: does a plugin keep its contract?

One table of small checks a kind of thing, in the manner of scikit-learn's ``check_estimator``.
:mod:`~cefrbench.check.table` runs them, :mod:`~cefrbench.check.findings` holds what
they found, and :mod:`~cefrbench.check.render` writes it for people and programs.
"""

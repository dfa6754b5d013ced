"""The conformance kit: does a plugin keep its contract?

One table of small checks a kind of thing, in the manner of scikit-learn's ``check_estimator``.
:mod:`~cefrbench.conformance.table` runs them, :mod:`~cefrbench.conformance.findings` holds what
they found, and :mod:`~cefrbench.conformance.render` writes it for people and programs.
"""

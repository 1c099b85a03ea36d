"""The conformance suite for adapters.

`conformance.py` joins the checks, which are in `*_checks.py`: each method yields the violations of
the rule in its docstring. `adapter_spec.py` has what an adapter's author supplies. From it,
`harness.py` builds adapters, messages and answers, and runs sends; `operation_harness.py` runs the
other operations. `fuzz.py` breaks answers, `field_mutations.py` changes the messages of
`samples.py`, and `outcome_violations.py` compares outcomes with the answers.
"""

"""The model: pure, frozen values that know nothing of providers, networks or files.

Everything here is checked when it is built, so code that holds a value needs no further check.
"""

"""What images are made of, and what is between two of them: values in, values out.

`image` reads manifest and config; `difference` says what changed; `pull` what a node that holds the
one downloads for the other.
"""

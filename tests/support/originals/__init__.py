"""Stand-ins of the original's programs, two generations of each, that know nothing of joborch.

They are programs of their own, started as ``python client.py …``. What they answer, how they name
parts and when they look was compared with the originals; their defects are part of it.
"""

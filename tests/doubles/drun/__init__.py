"""d.run on 127.0.0.1, as strict as its gateway, with replies and faults that a test scripts."""

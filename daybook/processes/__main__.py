"""`python -m daybook.processes ROLE --control=FD`: a child of `daybook up`. People use `daybook ROLE`."""

import sys

from daybook.processes.entry import child

sys.exit(child(sys.argv[1:]))

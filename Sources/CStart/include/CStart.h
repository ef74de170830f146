// Nothing to call: linking this module is its use. See start.c.
#pragma once

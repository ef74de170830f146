// Nothing to call: linking this module is its use. See compat.c.
#pragma once

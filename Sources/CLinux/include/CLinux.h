// Linux calls that the Glibc module does not export.
#ifndef WEIR_CLINUX_H
#define WEIR_CLINUX_H
#include "clocks.h"

#endif

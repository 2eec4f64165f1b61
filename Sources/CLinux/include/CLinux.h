// Linux calls that the Glibc module does not export, or that are clumsy from Swift.
#ifndef WEIR_CLINUX_H
#define WEIR_CLINUX_H

#include "clocks.h"
#include "files.h"
#include "memory.h"
#include "receive.h"
#include "tcp.h"

#endif

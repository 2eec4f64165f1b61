// How the allocator treats what was freed.
#ifndef WEIR_CLINUX_MEMORY_H
#define WEIR_CLINUX_MEMORY_H

/// Keeps freed memory for the next who needs it instead of giving it back to the kernel piece by piece.
///
/// A live window frees as much each second as it takes. By default the C library returns the end of each heap above a bound that
/// begins at 128 KiB and rises with what it sees; until then each page of new media costs a page fault and its clearing again.
void weir_keep_freed_memory(void);

#endif

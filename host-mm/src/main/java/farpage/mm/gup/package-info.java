/// Get-user-pages: references to the pages behind addresses of a process, for somebody who will use
/// them without the page tables. What `mm/gup.c` is in the kernel.
///
/// A plain reference ("get") keeps the page from being freed. A pin says in addition that its bytes
/// may be read or written at any time: a pinned page is neither migrated nor shared with a forked
/// child. A device-private page can never be had either way; it comes to RAM first.
@org.jspecify.annotations.NullMarked
package farpage.mm.gup;

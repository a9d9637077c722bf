package farpage.emulator.stress;

import farpage.mm.PageSize;

/// The memory that the agents work on, and what it must contain: a value for each word, written by
/// the word's owner alone.
///
/// *Private* pages belong to one agent as a whole, page by page in turn, so that neighbours belong
/// to different ones. *Shared* pages follow; their words belong to the CPUs in turn.
///
/// @kernel none
final class StressMemory {
    static final int WORDS_PER_PAGE = PageSize.PAGE_SIZE / Long.BYTES;

    /// Pages of 2 MiB.
    static final int HUGE_PAGES = PageSize.ENTRIES_PER_TABLE;

    private final long address;
    private final int agentCount;
    private final int cpuCount;
    private final int privatePages;
    private final int sharedPages;
    private final long[] expected;

    /// @param address where it is mapped
    /// @param agentCount that own private pages; the first `cpuCount` of them share pages
    /// @param pagesEach private pages of each agent
    StressMemory(long address, int agentCount, int cpuCount, int pagesEach, int sharedPages) {
        this.address = address;
        this.agentCount = agentCount;
        this.cpuCount = cpuCount;
        this.privatePages = agentCount * pagesEach;
        this.sharedPages = sharedPages;
        this.expected = new long[pageCount() * WORDS_PER_PAGE];
    }

    static int pageCount(int agentCount, int pagesEach, int sharedPages) {
        return agentCount * pagesEach + sharedPages;
    }

    int pageCount() {
        return privatePages + sharedPages;
    }

    int sharedPageCount() {
        return sharedPages;
    }

    long address(int page) {
        return address + PageSize.pageAddress(page);
    }

    /// Where a page is in the file, if there is one.
    long offset(int page) {
        return PageSize.pageAddress(page);
    }

    long address(int page, int word) {
        return address(page) + (long) word * Long.BYTES;
    }

    /// A private page of an agent by number.
    int privatePage(int agent, int number) {
        return number * agentCount + agent;
    }

    int privatePagesEach() {
        return privatePages / agentCount;
    }

    int sharedPage(int number) {
        return privatePages + number;
    }

    boolean isOwner(int agent, int page, int word) {
        return page < privatePages ? page % agentCount == agent : word % cpuCount == agent;
    }

    long expected(int page, int word) {
        return expected[page * WORDS_PER_PAGE + word];
    }

    /// Called by the owner of the word.
    void setExpected(int page, int word, long value) {
        expected[page * WORDS_PER_PAGE + word] = value;
    }

    @Override
    public String toString() {
        return privatePages + " private and " + sharedPages + " shared pages";
    }
}

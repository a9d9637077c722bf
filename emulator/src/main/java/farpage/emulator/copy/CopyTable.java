package farpage.emulator.copy;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// Which method copies a batch in one direction.
///
/// A run of at least [#directRunPages] pages is a command of its own, whatever the batch; how many
/// pages are left then, the scattered ones, says which method takes them.
///
/// @param steps by ascending number of scattered pages, the first from 1 on
/// @param directRunPages the shortest run that is a command of its own; [#NEVER] if none is
/// @opencl clEnqueueWriteBuffer against a kernel
public record CopyTable(List<Step> steps, int directRunPages) {
    /// A run that no batch has.
    public static final int NEVER = Integer.MAX_VALUE;

    /// A method and the smallest number of pages that it is good for.
    ///
    /// @opencl None: a number of pages
    public record Step(int fromPages, CopyMethod method) {}

    /// Checks the limits, and keeps the steps as an unmodifiable list.
    public CopyTable {
        steps = List.copyOf(steps);
        if (steps.isEmpty() || steps.getFirst().fromPages() != 1) {
            throw new IllegalArgumentException("steps: value=" + steps + ", limit=from 1 on");
        }
        for (int i = 1; i < steps.size(); i++) {
            if (steps.get(i).fromPages() <= steps.get(i - 1).fromPages()) {
                throw new IllegalArgumentException("steps: value=" + steps + ", limit=ascending");
            }
        }
        if (directRunPages < 1) {
            throw new IllegalArgumentException(
                    "directRunPages: value=" + directRunPages + ", limit=1");
        }
    }

    /// One method for all.
    public static CopyTable only(CopyMethod method) {
        return new CopyTable(List.of(new Step(1, method)), method == CopyMethod.DIRECT ? 1 : NEVER);
    }

    /// The method for a number of scattered pages.
    public CopyMethod method(int pageCount) {
        int at = steps.size() - 1;
        while (at > 0 && steps.get(at).fromPages() > pageCount) {
            at--;
        }
        return steps.get(at).method();
    }

    /// The methods that it may take.
    public Set<CopyMethod> methods() {
        Set<CopyMethod> methods = EnumSet.noneOf(CopyMethod.class);
        steps.forEach(step -> methods.add(step.method()));
        return methods;
    }

    /// `direct, from 32 inplace-item-nt; runs of 16 direct`.
    @Override
    public String toString() {
        String methods =
                steps.stream()
                        .map(step ->
                                step.fromPages() == 1
                                        ? step.method().label()
                                        : "from " + step.fromPages() + " " + step.method().label())
                        .collect(Collectors.joining(", "));
        return directRunPages == NEVER
                ? methods
                : methods + "; runs of " + directRunPages + " direct";
    }
}

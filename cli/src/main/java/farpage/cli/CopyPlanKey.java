package farpage.cli;

import farpage.emulator.calibration.CopyCalibration;
import farpage.opencl.ClDevice;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// What a measurement holds for: with another driver, another binding or other kernels it tells
/// nothing.
///
/// @param device its name
/// @param driver its driver's version
/// @param platform of the device
/// @param platformVersion and its version
/// @param binding through which it was used
/// @param computeUnits that it has, which can be fewer than its kind has
/// @param kernels names the sources of the kernels that copy
record CopyPlanKey(
        String device,
        String driver,
        String platform,
        String platformVersion,
        String binding,
        int computeUnits,
        String kernels) {
    private static final int NAME_LENGTH = 40;
    private static final int HASH_LENGTH = 12;

    static CopyPlanKey of(ClDevice device, String binding) {
        return new CopyPlanKey(
                device.info().name(),
                device.info().driverVersion(),
                device.platform().name(),
                device.platform().version(),
                binding,
                device.info().computeUnits(),
                CopyCalibration.kernelsHash());
    }

    /// Adds the fields as they are stored.
    Row addTo(Row row) {
        return row.put("device", device)
                .put("driver", driver)
                .put("platform", platform)
                .put("platformVersion", platformVersion)
                .put("binding", binding)
                .put("computeUnits", computeUnits)
                .put("kernels", kernels);
    }

    /// A file name that tells people which device it is about, and is different for each key.
    String fileName() {
        String name = device.replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
        return "%s-%s-%s.json"
                .formatted(
                        name.substring(0, Math.min(NAME_LENGTH, name.length())), binding, hash());
    }

    private String hash() {
        try {
            byte[] text = addTo(new Row()).values().toString().getBytes(StandardCharsets.UTF_8);
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text);
            return HexFormat.of().formatHex(digest).substring(0, HASH_LENGTH);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}

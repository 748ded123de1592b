import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * An independent peer for the interoperability tests, on the SMSGate library.
 *
 * <pre>
 * Peer carrier PROTOCOL PORT LOGIN PASSWORD LOG             answers, logs "to TAB text" per whole message, until it is killed
 * Peer client  PROTOCOL HOST PORT LOGIN PASSWORD MESSAGES   sends the file's messages; exit code 0 when all is answered
 * </pre>
 *
 * PROTOCOL is cmpp2.0, cmpp3.0 or smpp3.4.
 */
public final class Peer {
    public static void main(String[] arguments) throws Exception {
        List<String> args = List.of(arguments);
        if (args.size() == 6 && args.get(0).equals("carrier")) {
            Wire wire = Wire.of(args.get(1));
            Carrier.run(wire, Integer.parseInt(args.get(2)), args.get(3), args.get(4), Path.of(args.get(5)));
        } else if (args.size() == 7 && args.get(0).equals("client")) {
            Wire wire = Wire.of(args.get(1));
            List<String> lines = Files.readAllLines(Path.of(args.get(6)), StandardCharsets.UTF_8);
            boolean complete =
                    Client.run(wire, args.get(2), Integer.parseInt(args.get(3)), args.get(4), args.get(5), lines);
            System.exit(complete ? 0 : 1);
        } else {
            System.err.println("usage: Peer carrier PROTOCOL PORT LOGIN PASSWORD LOG");
            System.err.println("       Peer client PROTOCOL HOST PORT LOGIN PASSWORD MESSAGES");
            System.exit(2);
        }
    }
}

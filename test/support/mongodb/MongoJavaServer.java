import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** mongo-java-server on a port, in memory, with an oplog for change streams. It says a version that the driver talks to. */
public class MongoJavaServer {
    public static void main(String[] arguments) {
        MemoryBackend backend = new MemoryBackend();
        backend.version(new MongoVersion() {
            public List<Integer> getVersionArray() {
                return List.of(5, 0, 0, 0);
            }

            public String toVersionString() {
                return "5.0.0";
            }

            public int getWireVersion() {
                return 13;
            }
        });
        backend.enableOplog();
        new MongoServer(backend).bind("127.0.0.1", Integer.parseInt(arguments[0]));
    }
}

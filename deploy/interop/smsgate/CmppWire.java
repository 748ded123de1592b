import com.zx.sms.BaseMessage;
import com.zx.sms.codec.cmpp.msg.CmppDeliverRequestMessage;
import com.zx.sms.codec.cmpp.msg.CmppDeliverResponseMessage;
import com.zx.sms.codec.cmpp.msg.CmppReportRequestMessage;
import com.zx.sms.codec.cmpp.msg.CmppSubmitRequestMessage;
import com.zx.sms.codec.cmpp.msg.CmppSubmitResponseMessage;
import com.zx.sms.common.util.MsgId;
import com.zx.sms.connect.manager.EndpointEntity;
import com.zx.sms.connect.manager.cmpp.CMPPClientEndpointEntity;
import com.zx.sms.connect.manager.cmpp.CMPPEndpointEntity;
import com.zx.sms.connect.manager.cmpp.CMPPServerChildEndpointEntity;
import com.zx.sms.connect.manager.cmpp.CMPPServerEndpointEntity;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/** CMPP 2.0 and 3.0. */
final class CmppWire implements Wire {
    private static final String ACCESS_NUMBER = "10690000";
    private final short version;

    CmppWire(short version) {
        this.version = version;
    }

    @Override
    public Server server(String login, String password) {
        CMPPServerEndpointEntity server = new CMPPServerEndpointEntity();
        CMPPServerChildEndpointEntity child = new CMPPServerChildEndpointEntity();
        credentials(child, login, password);
        server.addchild(child);
        return new Server(server, child);
    }

    @Override
    public EndpointEntity client(String login, String password) {
        CMPPClientEndpointEntity client = new CMPPClientEndpointEntity();
        credentials(client, login, password);
        return client;
    }

    private void credentials(CMPPEndpointEntity endpoint, String login, String password) {
        endpoint.setChartset(StandardCharsets.UTF_8);
        endpoint.setGroupName("interop");
        endpoint.setUserName(login);
        endpoint.setPassword(password);
        endpoint.setVersion(version);
        endpoint.setSpCode(ACCESS_NUMBER);
    }

    @Override
    public BaseMessage submit(String to, String text) {
        CmppSubmitRequestMessage submit = new CmppSubmitRequestMessage();
        submit.setDestterminalId(to);
        submit.setSrcId(ACCESS_NUMBER);
        submit.setLinkID("0000");
        submit.setServiceId("interop");
        submit.setRegisteredDelivery((short) 1);
        submit.setMsgContent(text);
        return submit;
    }

    @Override
    public BaseMessage reply(String from, String to, String text) {
        CmppDeliverRequestMessage deliver = new CmppDeliverRequestMessage();
        deliver.setMsgId(new MsgId());
        deliver.setDestId(to);
        deliver.setSrcterminalId(from);
        deliver.setServiceid("interop");
        deliver.setLinkid("0000");
        deliver.setMsgContent(text);
        return deliver;
    }

    @Override
    public long result(BaseMessage response) {
        return ((CmppSubmitResponseMessage) response).getResult();
    }

    @Override
    public Submitted answerSubmit(ChannelHandlerContext context, Object message) {
        if (!(message instanceof CmppSubmitRequestMessage whole)) {
            return null;
        }
        String to = whole.getDestterminalId()[0];
        List<BaseMessage> receipts = new ArrayList<>();
        for (CmppSubmitRequestMessage segment : Wire.segments(whole.getFragments(), whole)) {
            CmppSubmitResponseMessage response =
                    new CmppSubmitResponseMessage(segment.getHeader().getSequenceId());
            response.setResult(0);
            context.channel().writeAndFlush(response);
            if (whole.getRegisteredDelivery() == 1) {
                receipts.add(receipt(response.getMsgId(), whole.getSrcId(), to));
            }
        }
        return new Submitted(whole.getSrcId(), to, whole.getMsgContent(), receipts);
    }

    private static CmppDeliverRequestMessage receipt(MsgId id, String from, String to) {
        String time = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyMMddHHmm"));
        CmppReportRequestMessage report = new CmppReportRequestMessage();
        report.setMsgId(id);
        report.setDestterminalId(to);
        report.setStat("DELIVRD");
        report.setSubmitTime(time);
        report.setDoneTime(time);
        report.setSmscSequence(0);
        CmppDeliverRequestMessage deliver = new CmppDeliverRequestMessage();
        deliver.setDestId(from);
        deliver.setSrcterminalId(to);
        deliver.setReportRequestMessage(report);
        return deliver;
    }

    @Override
    public Delivered answerDeliver(ChannelHandlerContext context, Object message) {
        if (!(message instanceof CmppDeliverRequestMessage whole)) {
            return null;
        }
        for (CmppDeliverRequestMessage segment : Wire.segments(whole.getFragments(), whole)) {
            CmppDeliverResponseMessage response =
                    new CmppDeliverResponseMessage(segment.getHeader().getSequenceId());
            response.setMsgId(segment.getMsgId());
            response.setResult(0);
            context.channel().writeAndFlush(response);
        }
        return whole.isReport()
                ? new Delivered(true, whole.getReportRequestMessage().getStat().trim())
                : new Delivered(false, whole.getMsgContent());
    }
}

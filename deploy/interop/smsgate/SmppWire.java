import com.chinamobile.cmos.sms.SmsAlphabet;
import com.zx.sms.BaseMessage;
import com.zx.sms.codec.smpp.Address;
import com.zx.sms.codec.smpp.msg.DeliverSm;
import com.zx.sms.codec.smpp.msg.DeliverSmReceipt;
import com.zx.sms.codec.smpp.msg.DeliverSmResp;
import com.zx.sms.codec.smpp.msg.SubmitSm;
import com.zx.sms.codec.smpp.msg.SubmitSmResp;
import com.zx.sms.connect.manager.EndpointEntity;
import com.zx.sms.connect.manager.EndpointEntity.ChannelType;
import com.zx.sms.connect.manager.smpp.SMPPClientEndpointEntity;
import com.zx.sms.connect.manager.smpp.SMPPEndpointEntity;
import com.zx.sms.connect.manager.smpp.SMPPServerChildEndpointEntity;
import com.zx.sms.connect.manager.smpp.SMPPServerEndpointEntity;
import io.netty.channel.ChannelHandlerContext;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** SMPP 3.4, transceiver. */
final class SmppWire implements Wire {
    private static final Address ACCESS_NUMBER = new Address((byte) 0, (byte) 1, "10690000");
    private final AtomicLong nextId = new AtomicLong(1_000_000_000L);

    @Override
    public Server server(String login, String password) {
        SMPPServerEndpointEntity server = new SMPPServerEndpointEntity();
        SMPPServerChildEndpointEntity child = new SMPPServerChildEndpointEntity();
        credentials(child, login, password);
        server.addchild(child);
        return new Server(server, child);
    }

    @Override
    public EndpointEntity client(String login, String password) {
        SMPPClientEndpointEntity client = new SMPPClientEndpointEntity();
        credentials(client, login, password);
        return client;
    }

    private static void credentials(SMPPEndpointEntity endpoint, String login, String password) {
        endpoint.setSystemId(login);
        endpoint.setPassword(password);
        endpoint.setInterfaceVersion((byte) 0x34);
        endpoint.setChannelType(ChannelType.DUPLEX);
        // data_coding 0 is the GSM alphabet here; the library's own default is ASCII.
        endpoint.setDefauteSmsAlphabet(SmsAlphabet.GSM);
    }

    @Override
    public BaseMessage submit(String to, String text) {
        SubmitSm submit = new SubmitSm();
        submit.setRegisteredDelivery((byte) 1);
        submit.setSourceAddress(ACCESS_NUMBER);
        submit.setDestAddress(new Address((byte) 1, (byte) 1, to));
        submit.setSmsMsg(text);
        return submit;
    }

    @Override
    public BaseMessage reply(String from, String to, String text) {
        DeliverSm deliver = new DeliverSm();
        deliver.setSourceAddress(new Address((byte) 1, (byte) 1, from));
        deliver.setDestAddress(new Address((byte) 0, (byte) 1, to));
        deliver.setSmsMsg(text);
        return deliver;
    }

    @Override
    public long result(BaseMessage response) {
        return ((SubmitSmResp) response).getCommandStatus();
    }

    @Override
    public Submitted answerSubmit(ChannelHandlerContext context, Object message) {
        if (!(message instanceof SubmitSm whole)) {
            return null;
        }
        List<BaseMessage> receipts = new ArrayList<>();
        for (SubmitSm segment : Wire.segments(whole.getFragments(), whole)) {
            SubmitSmResp response = segment.createResponse();
            response.setMessageId(Long.toString(nextId.incrementAndGet()));
            context.channel().writeAndFlush(response);
            if (whole.getRegisteredDelivery() == 1) {
                receipts.add(receipt(response.getMessageId(), whole));
            }
        }
        return new Submitted(
                whole.getSourceAddress().getAddress(),
                whole.getDestAddress().getAddress(),
                whole.getMsgContent(),
                receipts);
    }

    private static DeliverSmReceipt receipt(String id, SubmitSm submit) {
        String time = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyMMddHHmm"));
        DeliverSmReceipt receipt = new DeliverSmReceipt();
        receipt.setId(id);
        receipt.setSub("001");
        receipt.setDlvrd("001");
        receipt.setSubmit_date(time);
        receipt.setDone_date(time);
        receipt.setStat("DELIVRD");
        receipt.setErr("000");
        receipt.setText("");
        receipt.setSourceAddress(submit.getDestAddress());
        receipt.setDestAddress(submit.getSourceAddress());
        return receipt;
    }

    @Override
    public Delivered answerDeliver(ChannelHandlerContext context, Object message) {
        if (!(message instanceof DeliverSm whole)) {
            return null;
        }
        for (DeliverSm segment : Wire.segments(whole.getFragments(), whole)) {
            DeliverSmResp response = segment.createResponse();
            response.setMessageId("");
            context.channel().writeAndFlush(response);
        }
        return whole instanceof DeliverSmReceipt receipt
                ? new Delivered(true, receipt.getStat())
                : new Delivered(false, whole.getMsgContent());
    }
}

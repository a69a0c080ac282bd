//! MPEG transport streams: finds the packets, and in them the bytes of the first audio stream.
//! Touch it when another kind of elementary stream can be decoded; tables and PES packets are mpeg2ts-reader's.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mpeg2ts_reader::StreamType;
use mpeg2ts_reader::demultiplex::{
    Demultiplex, DemuxContext, FilterChangeset, FilterRequest, NullPacketFilter, PacketFilter,
    PatPacketFilter, PmtPacketFilter,
};
use mpeg2ts_reader::packet::{Packet, Pid};
use mpeg2ts_reader::pes::{ElementaryStreamConsumer, PesContents, PesHeader, PesPacketFilter};
use mpeg2ts_reader::psi::pat::PAT_PID;

/// Bytes of a packet.
pub(super) const PACKET: usize = Packet::SIZE;

/// What each packet begins with.
pub(super) const SYNC: u8 = 0x47;

/// The most bytes of one ID3 tag in a stream of metadata; a larger one holds a picture.
const LARGEST_TAG: usize = 64 * 1024;

/// What the audio is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elementary {
    /// AAC, each frame with an ADTS header.
    Adts,
    /// MPEG-1 or -2 audio: MP3.
    Mpeg,
}

/// What a piece of a transport stream held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Demuxed {
    /// What the bytes are; `None` while no audio stream has been announced.
    pub(super) kind: Option<Elementary>,
    /// Bytes of the audio stream.
    pub(super) audio: Vec<u8>,
    /// ID3 tags, each with the length that `audio` had when it came.
    pub(super) tags: Vec<(usize, Vec<u8>)>,
    /// An audio stream that is there but cannot be decoded.
    pub(super) unsupported: Option<&'static str>,
    /// How often packets were lost or broken.
    pub(super) faults: u32,
}

/// Takes a transport stream apart, piece by piece; a piece may end anywhere.
pub(super) struct Transport {
    demultiplex: Demultiplex<Context>,
    context: Context,
    /// Bytes that are no whole packet yet.
    held: Vec<u8>,
    /// False while what comes is no packet.
    in_step: bool,
}

impl Transport {
    pub(super) fn new() -> Self {
        let mut context = Context::default();
        Self { demultiplex: Demultiplex::new(&mut context), context, held: Vec::new(), in_step: true }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let mut rest = held.as_slice();
        while let (Some(packet), Some(behind)) = (rest.get(..PACKET), rest.get(PACKET)) {
            // In step a packet is believed by itself, else only together with the one behind.
            if packet.first() == Some(&SYNC) && (self.in_step || *behind == SYNC) {
                self.in_step = true;
                self.packet(packet);
                rest = rest.get(PACKET..).unwrap_or_default();
            } else {
                self.fault();
                // Only where the packet behind can be seen, so that it does not matter how the bytes were cut.
                let begins =
                    |at: &usize| rest.get(*at) == Some(&SYNC) && rest.get(at + PACKET) == Some(&SYNC);
                let seen = rest.len() - PACKET;
                let at = (1..seen).find(begins).unwrap_or(seen);
                rest = rest.get(at..).unwrap_or_default();
            }
        }
        self.held = rest.to_vec();
    }

    /// Takes what has been gathered, at the end of a segment: the next one begins with a packet.
    pub(super) fn finish(&mut self) -> Demuxed {
        let held = std::mem::take(&mut self.held);
        let (broken, last) = held.split_at(held.len().saturating_sub(PACKET));
        let whole = last.len() == PACKET && last.first() == Some(&SYNC);
        if whole {
            self.packet(last);
        }
        if !broken.is_empty() || !whole && !last.is_empty() {
            self.fault();
        }
        self.in_step = true;
        self.context.end_tag();
        let kind = self.context.chosen.map(|(_, kind)| kind);
        Demuxed { kind, ..std::mem::take(&mut self.context.out) }
    }

    /// Counts once what is no packet, however long it is.
    fn fault(&mut self) {
        if std::mem::replace(&mut self.in_step, false) {
            self.context.out.faults += 1;
        }
    }

    fn packet(&mut self, packet: &[u8]) {
        let (demultiplex, context) = (&mut self.demultiplex, &mut self.context);
        // A demuxer that breaks down over a packet costs that packet and its tables, not the source.
        if catch_unwind(AssertUnwindSafe(|| demultiplex.push(context, packet))).is_err() {
            context.out.faults += 1;
            context.changes = FilterChangeset::default();
            self.demultiplex = Demultiplex::new(context);
        }
    }
}

/// What all parts of the demuxer share.
#[derive(Default)]
struct Context {
    changes: FilterChangeset<Filter>,
    out: Demuxed,
    /// The programme that is played: the first.
    programme: Option<Pid>,
    chosen: Option<(Pid, Elementary)>,
    /// An ID3 tag that is not whole yet.
    tag: Vec<u8>,
}

impl Context {
    fn end_tag(&mut self) {
        if !self.tag.is_empty() {
            let tag = std::mem::take(&mut self.tag);
            self.out.tags.push((self.out.audio.len(), tag));
        }
    }
}

/// What can be decoded of a stream type.
fn elementary(kind: StreamType) -> Option<Elementary> {
    match kind {
        StreamType::ADTS => Some(Elementary::Adts),
        StreamType::ISO_11172_AUDIO | StreamType::ISO_138183_AUDIO => Some(Elementary::Mpeg),
        _ => None,
    }
}

/// What a person calls an audio stream that cannot be decoded.
fn unsupported(kind: StreamType) -> Option<&'static str> {
    match kind {
        StreamType::LATM => Some("AAC in LATM"),
        StreamType::ATSC_DOLBY_DIGITAL_AUDIO => Some("AC-3"),
        StreamType(0x87) => Some("E-AC-3"),
        StreamType(0xcf) => Some("encrypted AAC"),
        _ => None,
    }
}

impl DemuxContext for Context {
    type F = Filter;

    fn filter_changeset(&mut self) -> &mut FilterChangeset<Filter> {
        &mut self.changes
    }

    fn construct(&mut self, request: FilterRequest<'_, '_>) -> Filter {
        match request {
            FilterRequest::ByPid(PAT_PID) => Filter::Pat(PatPacketFilter::default()),
            FilterRequest::Pmt { pid, program_number } => match *self.programme.get_or_insert(pid) == pid {
                true => Filter::Pmt(PmtPacketFilter::new(pid, program_number)),
                false => Filter::Other(NullPacketFilter::default()),
            },
            FilterRequest::ByStream { stream_type, pmt, stream_info, .. } => {
                let pid = stream_info.elementary_pid();
                let first = pmt.streams().find_map(|info| {
                    elementary(info.stream_type()).map(|kind| (info.elementary_pid(), kind))
                });
                self.chosen = first;
                if let Some(name) = unsupported(stream_type) {
                    self.out.unsupported = Some(name);
                }
                match first {
                    Some((audio, _)) if audio == pid => Filter::Audio(PesPacketFilter::new(Audio)),
                    _ if stream_type == StreamType::METADATA_IN_PES => {
                        Filter::Tags(PesPacketFilter::new(Tags))
                    }
                    _ => Filter::Other(NullPacketFilter::default()),
                }
            }
            FilterRequest::ByPid(_) | FilterRequest::Nit { .. } => Filter::Other(NullPacketFilter::default()),
        }
    }
}

/// Where the packets of one PID go.
enum Filter {
    Pat(PatPacketFilter<Context>),
    Pmt(PmtPacketFilter<Context>),
    Audio(PesPacketFilter<Context, Audio>),
    Tags(PesPacketFilter<Context, Tags>),
    Other(NullPacketFilter<Context>),
}

impl PacketFilter for Filter {
    type Ctx = Context;

    fn consume(&mut self, context: &mut Context, packet: &Packet<'_>) {
        match self {
            Self::Pat(filter) => filter.consume(context, packet),
            Self::Pmt(filter) => filter.consume(context, packet),
            Self::Audio(filter) => filter.consume(context, packet),
            Self::Tags(filter) => filter.consume(context, packet),
            Self::Other(filter) => filter.consume(context, packet),
        }
    }
}

/// The payload behind a PES header.
fn payload<'a>(header: &PesHeader<'a>) -> &'a [u8] {
    match header.contents() {
        PesContents::Parsed(Some(contents)) => contents.payload(),
        PesContents::Parsed(None) => &[],
        PesContents::Payload(payload) => payload,
    }
}

struct Audio;

impl ElementaryStreamConsumer<Context> for Audio {
    fn start_stream(&mut self, _: &mut Context) {}

    fn begin_packet(&mut self, context: &mut Context, header: PesHeader<'_>) {
        context.out.audio.extend_from_slice(payload(&header));
    }

    fn continue_packet(&mut self, context: &mut Context, data: &[u8]) {
        context.out.audio.extend_from_slice(data);
    }

    fn end_packet(&mut self, _: &mut Context) {}

    fn continuity_error(&mut self, context: &mut Context) {
        context.out.faults += 1;
    }
}

struct Tags;

impl ElementaryStreamConsumer<Context> for Tags {
    fn start_stream(&mut self, _: &mut Context) {}

    fn begin_packet(&mut self, context: &mut Context, header: PesHeader<'_>) {
        context.end_tag();
        context.tag.extend_from_slice(payload(&header));
    }

    fn continue_packet(&mut self, context: &mut Context, data: &[u8]) {
        if context.tag.len() + data.len() <= LARGEST_TAG {
            context.tag.extend_from_slice(data);
        }
    }

    fn end_packet(&mut self, context: &mut Context) {
        context.end_tag();
    }

    fn continuity_error(&mut self, context: &mut Context) {
        context.tag.clear();
    }
}

/** Routers of a topology that run BGP speakers, in virtual time, with nothing else around them, as their clients see them. */
import type { NetnsId } from '../../src/model/trace.ts';
import { SpeakingFabric } from '../../src/sim/fabric/speaking-fabric.ts';
import type { BgpProtocolView, SpeakerView } from '../../src/sim/routing/speaker-view.ts';
import { speakerView } from '../../src/sim/routing/view.ts';

export class SpeakerLab extends SpeakingFabric {
  view(id: NetnsId): SpeakerView {
    const speaker = this.routing.speakers.get(id);
    if (!speaker) throw new RangeError(`no speaker at ${id}`);
    return speakerView({ speaker, routing: this.routing, stack: this.stack(id), now: this.now });
  }

  session(id: NetnsId, name: string): BgpProtocolView {
    const found = this.view(id).protocols.find((protocol) => protocol.name === name);
    if (found?.kind !== 'BGP') throw new RangeError(`no protocol ${name} at ${id}`);
    return found;
  }
}

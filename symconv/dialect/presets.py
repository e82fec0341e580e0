"""Named layers of well-known networks, each with where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from symconv.errors import LayerError

if TYPE_CHECKING:
    from symconv.dialect.config import Config


class Preset(NamedTuple):
    """A layer in shorthand, and its source."""

    name: str
    shorthand: str
    source: str


PRESETS: dict[str, Preset] = {
    name: Preset(name, shorthand, source)
    for name, shorthand, source in (
        # Stems of convolutional networks
        (
            "resnet50-stem",
            "conv i3x224x224 o64 k7 s2 p3 nobias",
            "He et al. 2016, Deep residual learning; torchvision resnet50, conv1",
        ),
        (
            "alexnet-conv1",
            "conv i3x224x224 o64 k11 s4 p2",
            "Krizhevsky 2014, One weird trick; torchvision alexnet, features.0",
        ),
        (
            "inception-stem",
            "conv i3x299x299 o32 k3 s2 nobias",
            "Szegedy et al. 2016, Rethinking Inception; torchvision inception_v3, Conv2d_1a_3x3",
        ),
        (
            "squeezenet-conv1",
            "conv i3x224x224 o96 k7 s2",
            "Iandola et al. 2016, SqueezeNet; torchvision squeezenet1_0, features.0",
        ),
        (
            "mobilenetv2-stem",
            "conv i3x224x224 o32 k3 s2 p1 nobias",
            "Sandler et al. 2018, MobileNetV2; torchvision mobilenet_v2, features.0.0",
        ),
        (
            "efficientnet-b0-stem",
            "conv i3x224x224 o32 k3 s2 psame nobias",
            "Tan and Le 2019, EfficientNet; the TensorFlow original pads SAME, to (0, 1)",
        ),
        (
            "yolov5-stem",
            "conv i3x640x640 o32 k6 s2 p2 nobias",
            "Jocher et al. 2021, ultralytics/yolov5 v6.0, yolov5s.yaml, layer 0",
        ),
        (
            "r3d-stem",
            "conv i3x16x112x112 o64 k3x7x7 s1x2x2 p1x3x3 nobias",
            "Tran et al. 2018, Spatiotemporal convolutions; torchvision r3d_18, stem.0",
        ),
        # Patch embeddings
        (
            "vit-b16-patch",
            "conv i3x224x224 o768 k16 s16",
            "Dosovitskiy et al. 2021, Vision transformer; torchvision vit_b_16, conv_proj",
        ),
        (
            "clip-l14-patch",
            "conv i3x224x224 o1024 k14 s14 nobias",
            "Radford et al. 2021, CLIP ViT-L/14; timm vit_large_patch14_clip_224, patch_embed.proj",
        ),
        (
            "swin-patch",
            "conv i3x224x224 o96 k4 s4",
            "Liu et al. 2021, Swin transformer; torchvision swin_t, features.0.0",
        ),
        (
            "convnext-stem",
            "conv i3x224x224 o96 k4 s4",
            "Liu et al. 2022, A ConvNet for the 2020s; torchvision convnext_tiny, features.0.0",
        ),
        (
            "segformer-patch",
            "conv i3x512x512 o32 k7 s4 p3",
            "Xie et al. 2021, SegFormer; MiT-B0, patch_embed1",
        ),
        (
            "mvit-patch",
            "conv i3x16x224x224 o96 k3x7x7 s2x4x4 p1x3x3",
            "Fan et al. 2021, Multiscale vision transformers; torchvision mvit_v1_b, conv_proj",
        ),
        # Downsampling inside a network
        (
            "resnet50-conv3x3-s2",
            "conv i128x56x56 o128 k3 s2 p1 nobias",
            "He et al. 2016, Deep residual learning; torchvision resnet50, layer2.0.conv2",
        ),
        (
            "resnet50-shortcut",
            "conv i256x56x56 o512 k1 s2 nobias",
            "He et al. 2016, Deep residual learning; torchvision resnet50, layer2.0.downsample.0",
        ),
        (
            "convnext-downsample",
            "conv i96x56x56 o192 k2 s2",
            "Liu et al. 2022, A ConvNet for the 2020s; torchvision convnext_tiny, features.2.1",
        ),
        (
            "mobilenet-dw-s2",
            "conv i96x112x112 o96 k3 s2 p1 g96 nobias",
            "Sandler et al. 2018, MobileNetV2; torchvision mobilenet_v2, features.2.conv.1.0",
        ),
        (
            "tf-same-k3-s2",
            "conv i96x112x112 o96 k3 s2 psame g96 nobias",
            "Tan and Le 2019, EfficientNet-B0 in TensorFlow, block2a_dwconv: SAME pads (0, 1)",
        ),
        (
            "sknet-dilated-s2",
            "conv i64x56x56 o128 k3 s2 p2 d2 nobias",
            "Li et al. 2019, Selective kernel networks; timm skresnet50, layer2.0.conv2.paths.1",
        ),
        (
            "stable-diffusion-down",
            "conv i128x512x512 o128 k3 s2 p0:1",
            "Rombach et al. 2022, Latent diffusion; autoencoder's Downsample pads (0, 1) by hand",
        ),
        # Poolings
        (
            "resnet-maxpool",
            "max_pool i64x112x112 k3 s2 p1",
            "He et al. 2016, Deep residual learning; torchvision resnet50, maxpool",
        ),
        (
            "alexnet-maxpool",
            "max_pool i64x55x55 k3 s2",
            "Krizhevsky 2014, One weird trick; torchvision alexnet, features.2",
        ),
        (
            "vgg-pool",
            "max_pool i64x224x224 k2 s2",
            "Simonyan and Zisserman 2015, Very deep networks; torchvision vgg16, features.4",
        ),
        (
            "googlenet-maxpool",
            "max_pool i64x112x112 k3 s2 ceil",
            "Szegedy et al. 2015, Going deeper; torchvision googlenet, maxpool1",
        ),
        (
            "densenet-transition",
            "avg_pool i128x56x56 k2 s2",
            "Huang et al. 2017, DenseNet; torchvision densenet121, features.transition1.pool",
        ),
        (
            "resnet50d-shortcut-pool",
            "avg_pool i256x56x56 k2 s2 ceil exclude_pad",
            "He et al. 2019, Bag of tricks; timm resnet50d, layer2.0.downsample.0",
        ),
        (
            "unet3d-pool",
            "max_pool i64x128x128x112 k2 s2",
            "Cicek et al. 2016, 3D U-Net, figure 2, first level",
        ),
        # Upsampling
        (
            "dcgan-up",
            "conv_transpose i512x4x4 o256 k4 s2 p1 nobias",
            "Radford et al. 2016, DCGAN; PyTorch's DCGAN example, generator main.3",
        ),
        (
            "cyclegan-up",
            "conv_transpose i256x64x64 o128 k3 s2 p1 a1",
            "Zhu et al. 2017, CycleGAN; the generator's first upsampling layer",
        ),
        (
            "unet-up",
            "conv_transpose i1024x28x28 o512 k2 s2",
            "Ronneberger et al. 2015, U-Net, figure 1, first up-convolution",
        ),
        (
            "unet3d-up",
            "conv_transpose i512x9x9x7 o512 k2 s2",
            "Cicek et al. 2016, 3D U-Net, figure 2, first up-convolution",
        ),
        (
            "maskrcnn-up",
            "conv_transpose i256x14x14 o256 k2 s2",
            "He et al. 2017, Mask R-CNN; torchvision maskrcnn_resnet50_fpn, conv5_mask",
        ),
        # Sound
        (
            "wav2vec2-conv0",
            "conv i1x16000 o512 k10 s5 nobias",
            "Baevski et al. 2020, wav2vec 2.0 base, feature_extractor.conv_layers.0; one second",
        ),
        (
            "whisper-conv2",
            "conv i512x3000 o512 k3 s2 p1",
            "Radford et al. 2023, Whisper base, encoder.conv2",
        ),
        (
            "encodec-down",
            "conv i32x24000 o64 k4 s2 p2:0 reflect",
            "Defossez et al. 2022, EnCodec 24 kHz: causal, reflected at the start; one second",
        ),
        (
            "hifigan-up",
            "conv_transpose i512x32 o256 k16 s8 p4",
            "Kong et al. 2020, HiFi-GAN V1, ups.0",
        ),
    )
}


def preset(name: str) -> Config:
    """The preset of this name.

    Raises:
        LayerError: there is none; the message names a near one.

    >>> preset("resnet50-stem").output_size
    (112, 112)
    """
    from symconv.dialect.config import hint, read_layer
    from symconv.dialect.shorthand import parse_shorthand

    if name not in PRESETS:
        raise LayerError(
            f"no preset {name!r}{hint(name, PRESETS) or '; `symconv presets` lists them'}"
        )
    return read_layer(parse_shorthand(PRESETS[name].shorthand), name)
